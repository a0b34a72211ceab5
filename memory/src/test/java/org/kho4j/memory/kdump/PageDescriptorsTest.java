package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.KdumpBuilder;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

/** What the notes of a dump say: each of them once. */
class PageDescriptorsTest {

  private static final byte[] PAGE = TestPages.counting(4096, 1);

  @TempDir Path directory;

  /** A table at offset 8 of pages of 1 byte at offset 0, with descriptors of size 0. */
  private static ByteBuffer table(int count, int... empty) {
    ByteBuffer table = ByteBuffer.allocate(8 + 24 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      table.putInt(8 + 24 * i + 8, 1);
    }
    for (int i : empty) {
      table.putInt(8 + 24 * i + 8, 0);
    }
    return table;
  }

  private static PageDescriptors read(ByteBuffer table, long count) {
    KdumpHeader header =
        new KdumpHeader(MemorySource.Machine.UNKNOWN, 4096, false, 0, count, 0, 0, 8, 0, count);
    DumpBytes dump = DumpBytes.plain(MemorySegment.ofBuffer(table));
    return new PageDescriptors(dump, header, count);
  }

  @Test
  void countsThemAll() {
    assertThat(read(table(0), 0).missing()).isZero();
    assertThat(read(table(100), 100).missing()).isZero();
    assertThat(read(table(100, 0), 100).empty()).isOne();
    assertThat(read(table(100, 99), 100).empty()).isOne();
    assertThat(read(table(40_000, 3, 4096, 4097, 8001, 39_999), 40_000).empty()).isEqualTo(5);
    assertThat(read(table(40_000, 12_345), 40_000).empty()).as("one of many").isOne();
  }

  @Test
  void countsThoseBehindTheEndOfTheFileApart() {
    PageDescriptors cut = read(table(100, 40, 99), 5000);
    assertThat(cut.empty()).isEqualTo(2);
    assertThat(cut.cutOff()).isEqualTo(4900);
    assertThat(cut.missing()).isEqualTo(4902);
  }

  @Test
  void countsPagesBehindTheEndOfTheFile() {
    ByteBuffer table = table(10);
    int end = table.capacity();
    table.putLong(8, end - 1).putLong(8 + 24, end).putLong(8 + 2 * 24, Long.MAX_VALUE);
    table.putLong(8 + 3 * 24, -1).putInt(8 + 4 * 24 + 8, 4097).putLong(8 + 4 * 24, end);
    PageDescriptors cut = read(table, 10);
    assertThat(cut.cutOff()).as("the others are no pages that a dump can have").isOne();
    assertThat(cut.firstMissing(0, 10)).isOne();
    assertThat(cut.firstPresent(1, 10)).isEqualTo(2);
  }

  @Test
  void findsTheEndsOfRuns() {
    Random random = new Random(1);
    int count = 30_000;
    BitSet missing = new BitSet();
    for (int at = 0; at < count; ) {
      int length = 1 + random.nextInt(1 << random.nextInt(14));
      missing.set(at, Math.min(count, at + length), random.nextBoolean());
      at += length;
    }
    PageDescriptors read = read(table(count, missing.stream().toArray()), count);
    assertThat(read.empty()).isEqualTo(missing.cardinality());
    for (int i = 0; i < 5000; i++) {
      int from = random.nextInt(count);
      int to = from + random.nextInt(count - from + 1);
      int next = missing.nextSetBit(from);
      assertThat(read.firstMissing(from, to)).isEqualTo(next < 0 ? to : Math.min(next, to));
      assertThat(read.firstPresent(from, to)).isEqualTo(Math.min(missing.nextClearBit(from), to));
    }
  }

  /** The pages in between are zeros, which have no descriptor. */
  @Test
  void aDumpOfLevel1HasZerosBesideThem() throws IOException {
    Path path =
        new KdumpBuilder()
            .dumpLevel(1)
            .ram(0, 200)
            .plain(2, PAGE)
            .stored(70, 0, new byte[0])
            .zlib(71, PAGE)
            .stored(140, 0, new byte[0])
            .write(directory.resolve("dump"));
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(Memories.ranges(memory))
          .containsExactly("0x0+0x46000", "0x47000+0x45000", "0x8d000+0x3b000");
      List<String> data = new ArrayList<>();
      memory.forEachDataRange((address, length) -> data.add("%x+%x".formatted(address, length)));
      assertThat(data).containsExactly("2000+1000", "47000+1000");
      assertThat(memory.contains(0, 0x46000)).isTrue();
      assertThat(memory.contains(0, 0x46001)).isFalse();
      assertThat(memory.contains(0x47000, 0x45000)).isTrue();
      assertThat(memory.contains(0x47000, 0x45001)).isFalse();
      assertThat(Memories.bytes(memory, 0x48000, 4096)).containsOnly(0);
    }
  }

  @Test
  void theirPagesAreAbsentAndCountedOnce() throws IOException {
    Path path =
        new KdumpBuilder()
            .plain(2, PAGE)
            .stored(3, 0, new byte[0])
            .zlib(4, PAGE)
            .stored(5, 0, new byte[0])
            .stored(6, 0, new byte[0])
            .write(directory.resolve("dump"));
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(memory.source().notes())
          .containsExactly(
              path
                  + ": 3 of 5 page descriptors have size 0, so these pages are not in the dump: its"
                  + " writer left them out, or was stopped");
      assertThat(Memories.ranges(memory)).containsExactly("0x2000+0x1000", "0x4000+0x1000");
      assertThat(memory.contains(0x2000, 0x1000)).isTrue();
      assertThat(memory.contains(0x2000, 0x1001)).isFalse();
      assertThat(memory.isRam(0x2000, 0x5000)).isTrue();
      assertThat(Memories.bytes(memory, 0x4000, 4096)).isEqualTo(PAGE);
      assertThatThrownBy(() -> memory.read(0x4000, 0x2000))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class,
              absent -> {
                assertThat(absent.address()).isEqualTo(0x5000);
                assertThat(absent.isRam()).isTrue();
              });
    }
  }

  @Test
  void aWholeDumpHasNoNote() throws IOException {
    try (PhysicalMemory memory =
        MemoryImages.open(KernelDumps.small("small-zlib.kdump", directory))) {
      assertThat(memory.source().notes()).isEmpty();
    }
  }

  @Test
  void aPartOfASplitDumpNamesItsFramesAndTheCommandThatJoins() throws IOException {
    Path part =
        new KdumpBuilder()
            .split(64, 128)
            .plain(2, PAGE)
            .plain(70, PAGE)
            .write(directory.resolve("part"));
    try (PhysicalMemory memory = MemoryImages.open(part)) {
      assertThat(memory.source().notes())
          .containsExactly(
              part
                  + " is a part of a split dump, with page frames 0x40 to 0x7f of 0x100:"
                  + " 'makedumpfile --reassemble PART... FILE' joins the parts");
      assertThat(Memories.ranges(memory)).containsExactly("0x46000+0x1000");
    }
  }

  /** makedumpfile wrote both parts; it put all pages into the first. */
  @Test
  void aPartWithoutPagesNamesTheCommandThatJoins() throws IOException {
    Path second = KernelDumps.small("small-part-2.kdump", directory);
    assertThatThrownBy(() -> MemoryImages.open(second))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            second
                + " is a part without pages of a split dump: 'makedumpfile --reassemble PART..."
                + " FILE' joins the parts");
    Path first = KernelDumps.small("small-part-1.kdump", directory);
    try (PhysicalMemory whole =
            MemoryImages.open(KernelDumps.small("small-zlib.kdump", directory));
        PhysicalMemory memory = MemoryImages.open(first)) {
      assertThat(memory.source().notes()).isEmpty();
      assertThat(Memories.ranges(memory)).isEqualTo(Memories.ranges(whole));
      assertThat(Memories.bytes(memory, 0x490000, 0x8000))
          .isEqualTo(Memories.bytes(whole, 0x490000, 0x8000));
    }
  }
}
