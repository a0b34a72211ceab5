package org.kho4j.verify.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Finding;

/** Messages about a radix tree that say more than that it is broken. */
class MapRulesTest {

  @Test
  void anEntryThatACrashKernelConvertedIsNamedSo() throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 1 << 20)) {
      Handover handover =
          Generation.first(
                  memory, Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(0, 1 << 16)), "n"))
              .outgoing();
      long root = handover.preservedMap().root();
      MemorySegment table = memory.writable(root, 4096);
      long slot = 0;
      while (table.get(StructureView.U64, 8 * slot) == 0) {
        slot++;
      }
      table.set(
          StructureView.U64,
          8 * slot,
          0xffff888000000000L + table.get(StructureView.U64, 8 * slot));
      List<Finding> findings = new ArrayList<>();
      Verifier.verify(handover, Verifier.Options.ALL, findings::add);

      assertThat(findings)
          .singleElement()
          .satisfies(finding -> {
            assertThat(finding.rule().id()).isEqualTo("MAP-001");
            assertThat(finding.address()).isEqualTo(root);
            assertThat(finding.message())
                .matches("slot \\d+ is 0xffff8880000[0-9a-f]+: .*")
                .contains("bit 63 marks an address that a crash kernel has converted in place");
          });
    }
  }
}
