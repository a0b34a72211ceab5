package org.kho4j.verify.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.verify.Verifier;

/** Nodes out of the tables that SeaBIOS left in a QEMU guest of 33 and 31 MiB. */
class NumaNodesTest {

  private static final long NODE = 33 << 20;

  private static PhysicalMemory firmware() {
    try {
      return MemoryImages.open(
          Path.of(
              Objects.requireNonNull(NumaNodesTest.class.getResource("two-nodes-firmware.ram.zst"))
                  .toURI()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theSecondNodeBeginsWhereTheFirmwareSays() throws IOException {
    try (PhysicalMemory memory = firmware()) {
      assertThat(NumaNodes.borders(memory)).containsExactly(NODE);
    }
  }

  @Test
  void aTableWithAnotherSumIsNotBelieved() throws IOException {
    try (PhysicalMemory memory = firmware();
        WritableMemory changed = copy(memory)) {
      MemorySegment srat = changed.writable(0x3fe1a27, 4096 - 0xa27);
      srat.set(ValueLayout.JAVA_BYTE, 60, (byte) 1);
      assertThat(NumaNodes.borders(changed)).isEmpty();
    }
  }

  @Test
  void aBlockAcrossTheBorderIsFound() throws IOException {
    try (PhysicalMemory memory = firmware();
        WritableMemory machine = copy(memory)) {
      Generation generation =
          Generation.first(
              machine,
              Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(4 << 20, 4 << 20)), "n"));
      generation.preserve(generation.allocateAt(NODE - (2 << 20), 8));
      generation.preserve(generation.allocateAt(NODE + (1 << 20), 9));
      assertThat(findings(generation)).doesNotContain("MAP-018");
      generation.preserve(generation.allocateAt(NODE - (1 << 20), 9));
      assertThat(findings(generation)).contains("MAP-018");
    }
  }

  private static List<String> findings(Generation generation) {
    List<String> ids = new ArrayList<>();
    Verifier.verify(
        List.of(generation.outgoing()),
        Verifier.Options.ALL,
        finding -> ids.add(finding.rule().id()));
    return ids;
  }

  private static WritableMemory copy(PhysicalMemory memory) {
    WritableMemory copy = WritableMemory.allocate(0, 64 << 20);
    for (long page : List.of(0xf5000L, 0x3fe1000L)) {
      copy.writable(page, 4096).copyFrom(memory.read(page, 4096));
    }
    return copy;
  }
}
