package org.kho4j.verify.unclaimed;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Severity;

/** Preserved memory that no owner claims, and what it looks like. */
class UnclaimedTest {

  /** A handover with LUO's state, to be changed. */
  private record Written(WritableMemory memory, Handover handover) {

    /** LUO's head. */
    long head() {
      return handover.subtree(LuoSer.SUBTREE).orElseThrow().address();
    }

    long u64(long address) {
      return memory.read(address, Long.BYTES).get(StructureView.U64, 0);
    }

    void put64(long address, long value) {
      memory.writable(address, Long.BYTES).set(StructureView.U64, 0, value);
    }

    List<Finding> findings() {
      List<Finding> findings = new ArrayList<>();
      Verifier.verify(handover, Verifier.Options.ALL, findings::add);
      return findings;
    }
  }

  /** Sessions of which every fiftieth has a memfd of one page. */
  private static Written sessions(
      WritableMemory memory, LuoVersion version, int count, List<Flb> flbs) throws Exception {
    AddressRange scratch = new AddressRange(0, 16L * PageSize.SIZE_4K.bytes());
    Generation generation =
        Generation.first(
            memory, Setup.of(PageSize.SIZE_4K, List.of(scratch), "luo-test").scattered(5));
    List<SavedSession> sessions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<SavedFile> files = new ArrayList<>();
      if (i % 50 == 0) {
        List<Piece> pieces = List.of(new Piece(generation.allocate(0), 0));
        MemfdSaver.fill(
            generation,
            17,
            pieces,
            MemfdSaver.Source.of(
                MemorySegment.ofArray("the file's content".getBytes(StandardCharsets.UTF_8))));
        files.add(
            MemfdSaver.save(
                generation, MemfdVersion.V2, "s" + i, 1, new SavedMemfd(17, 0, 0, pieces)));
      }
      sessions.add(new SavedSession("s" + i, files));
    }
    LiveUpdateSaver.save(generation, version, 1, sessions, flbs);
    return new Written(memory, generation.outgoing());
  }

  @Test
  void theOwnersOfARunningKernelsMemoryAreNotChecked() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 4096)) {
      Written written = sessions(memory, LuoVersion.V5, 101, List.of());
      written.put64(written.head() + LuoSer.SESSIONS_PA.offset(), 0);
      Verifier.Options all = Verifier.Options.ALL;
      List<String> found = new ArrayList<>();
      Checked checked =
          Verifier.verify(
              written.handover(),
              new Verifier.Options(
                  all.rules(),
                  all.perRule(),
                  all.setupData(),
                  all.scratchArray(),
                  all.nodes(),
                  true),
              finding -> found.add(finding.rule().id()));

      assertThat(written.findings()).extracting(one -> one.rule().id()).contains("OWN-004");
      assertThat(found).noneMatch(id -> id.startsWith("OWN-"));
      assertThat(checked.notChecked())
          .anyMatch(what ->
              what.startsWith("the owners of ")
                  && what.endsWith(": LUO writes its sessions only at the jump"));
    }
  }

  @Test
  void aChainThatIsCutAfterItsSecondBlockIsMissed() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 4096)) {
      Written written = sessions(memory, LuoVersion.V5, 2001, List.of());
      assertThat(written.findings()).isEmpty();
      long second = written.u64(written.u64(written.head() + LuoSer.SESSIONS_PA.offset()));
      long third = written.u64(second);
      written.put64(second + KhoBlock.NEXT.offset(), 0);

      assertThat(written.findings())
          .singleElement()
          .satisfies(finding -> {
            assertThat(finding.rule().id()).isEqualTo("OWN-004");
            assertThat(finding.rule().severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.address()).isEqualTo(third);
            assertThat(finding.message())
                // 38 blocks of sessions; of 38 memfds a block of files, a structure, a chunk, a
                // list of folios and a folio.
                .startsWith("%,d bytes in 228 pages".formatted(228 * 4096))
                .contains("; 38 look like lists of sessions with 1,899 sessions, the first at 0x")
                .contains("the first at 0x%x (\"s102\")".formatted(third))
                .contains("; 38 look like lists of files with 38 files")
                .contains("; 38 look like memfds' structures with 38 folios")
                .contains("; 38 look like chunks of vmalloc areas")
                .contains("; 38 look like pages of memfds' folios");
          });
    }
  }

  @Test
  void theOwnersAreNotCheckedBesideABrokenList() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 512)) {
      Written written = sessions(memory, LuoVersion.V5, 3, List.of());
      long list = written.u64(written.head() + LuoSer.SESSIONS_PA.offset());
      written.put64(list + KhoBlock.COUNT.offset(), 1000);
      List<String> found = new ArrayList<>();
      Checked checked =
          Verifier.verify(
              written.handover(), Verifier.Options.ALL, finding -> found.add(finding.rule().id()));

      assertThat(found).containsExactly("BLOCK-004");
      assertThat(checked.notChecked())
          .anyMatch(what ->
              what.startsWith("the owners of ")
                  && what.endsWith(": structures that may own it are broken"));
    }
  }

  @Test
  void blocksOfSeveralOrdersAreNamedWithTheirOrders() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 1024)) {
      Generation generation =
          Generation.first(
              memory,
              Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(0, 0x10000)), "orders-test"));
      generation.preserve(generation.allocateAt(0x200000, 3));
      generation.preserve(generation.allocateAt(0x208000, 2));
      List<Finding> findings = new ArrayList<>();
      Verifier.verify(generation.outgoing(), Verifier.Options.ALL, findings::add);

      assertThat(findings)
          .singleElement()
          .extracting(Finding::message)
          .asString()
          .endsWith("0x200000-0x20bfff in blocks of orders 2 to 3");
    }
  }

  @Test
  void aHeadThatForgetsAllIsMissed() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 512)) {
      Written written = sessions(memory, LuoVersion.V5, 3, List.of());
      long list = written.u64(written.head() + LuoSer.SESSIONS_PA.offset());
      written.put64(written.head() + LuoSer.SESSIONS_PA.offset(), 0);

      assertThat(written.findings())
          .singleElement()
          .satisfies(finding -> {
            assertThat(finding.rule().id()).isEqualTo("OWN-004");
            assertThat(finding.message())
                .contains(
                    "; 1 looks like a list of sessions with 3 sessions, at 0x%x (\"s0\")"
                        .formatted(list));
          });
    }
  }

  @ParameterizedTest
  @EnumSource(PageSize.class)
  void twoBlocksAtTheBorderOfTwoNodesAreNamedWithTheirOrder(PageSize pageSize) throws Exception {
    int order = 8;
    long half = pageSize.blockBytes(order);
    try (WritableMemory memory = WritableMemory.allocate(0, 8 * half)) {
      Generation generation =
          Generation.first(
              memory, Setup.of(pageSize, List.of(new AddressRange(0, half)), "nodes-test"));
      long block = 4 * half;
      generation.preserve(generation.allocateAt(block, order));
      generation.preserve(generation.allocateAt(block + half, order));
      List<Finding> findings = new ArrayList<>();
      Verifier.verify(generation.outgoing(), Verifier.Options.ALL, findings::add);

      assertThat(findings)
          .singleElement()
          .satisfies(finding -> {
            assertThat(finding.rule().id()).isEqualTo("OWN-004");
            assertThat(finding.address()).isEqualTo(block);
            assertThat(finding.message())
                .endsWith("0x%x-0x%x in blocks of order 8".formatted(block, block + 2 * half - 1));
          });
    }
  }

  @Test
  void memoryOfAnUnknownHandlerIsNoWarning() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 512)) {
      Written written = sessions(memory, LuoVersion.V5, 1, List.of());
      long files = written.u64(written.u64(written.head() + 16) + 16 + 64);
      long structure = written.u64(files + 16 + 48);
      memory
          .writable(files + 16, 9)
          .copyFrom(MemorySegment.ofArray("vfio-v1\0\0".getBytes(StandardCharsets.UTF_8)));
      written.put64(structure + 16, 1L << 40); // not what a memfd has there

      assertThat(written.findings())
          .extracting(finding -> finding.rule().id())
          .containsExactly("LUO-010", "OWN-002");
    }
  }

  @Test
  void memoryBesideAnUnknownFlbIsNoWarning() throws Exception {
    try (WritableMemory memory = WritableMemory.allocate(0, 4096L * 512)) {
      Written written =
          sessions(memory, LuoVersion.V5, 1, List.of(new Flb("other-v1", 0x100000, 1)));

      assertThat(written.findings())
          .extracting(finding -> finding.rule().id())
          .containsExactly("DEV-001", "FLB-008");
    }
  }
}
