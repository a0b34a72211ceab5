package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.KdumpBuilder;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

/** What the notes of a dump say: each of them once. */
class EmptyDescriptorsTest {

  private static final byte[] PAGE = TestPages.counting(4096, 1);

  @TempDir Path directory;

  private static DumpBytes table(int count, int... empty) {
    ByteBuffer table = ByteBuffer.allocate(8 + 24 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      table.putInt(8 + 24 * i + 8, 1);
    }
    for (int i : empty) {
      table.putInt(8 + 24 * i + 8, 0);
    }
    return DumpBytes.plain(MemorySegment.ofArray(table.array()));
  }

  @Test
  void countsThemAll() {
    assertThat(EmptyDescriptors.count(table(0), 8, 0)).isZero();
    assertThat(EmptyDescriptors.count(table(100), 8, 100)).isZero();
    assertThat(EmptyDescriptors.count(table(100, 0), 8, 100)).isOne();
    assertThat(EmptyDescriptors.count(table(100, 99), 8, 100)).isOne();
    assertThat(EmptyDescriptors.count(table(20_000, 3, 4096, 4097, 8000, 19_999), 8, 20_000))
        .isEqualTo(5);
  }

  /** The pages of those that the file does not have are damaged. */
  @Test
  void countsNoneBehindTheEndOfTheFile() {
    assertThat(EmptyDescriptors.count(table(100, 40, 99), 8, 200)).isEqualTo(2);
    assertThat(EmptyDescriptors.count(table(100, 40), 8, 4000)).isOne();
    assertThat(EmptyDescriptors.count(table(100), Long.MAX_VALUE - 100, 100)).isZero();
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
