package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.KdumpBuilder;
import org.kho4j.memory.Memories;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

/** RAM that a dump left out: what it was, and what is known of it. */
class LeftOutPagesTest {

  private static final byte[] ONE = TestPages.counting(4096, 1);
  private static final byte[] TWO = TestPages.counting(4096, 2);
  private static final int INCOMPLETE = 8;

  @TempDir Path directory;

  private PhysicalMemory open(KdumpBuilder builder) throws IOException {
    return MemoryImages.open(builder.write(directory.resolve("dump")));
  }

  private static KdumpBuilder dump(int level) {
    return new KdumpBuilder().dumpLevel(level).ram(2, 10).plain(3, ONE).zlib(5, TWO);
  }

  private static void assertAbsent(PhysicalMemory memory, long address, boolean isRam) {
    assertThatThrownBy(() -> memory.read(address, 1))
        .isInstanceOfSatisfying(
            AbsentMemoryException.class,
            e -> {
              assertThat(e.address()).isEqualTo(address);
              assertThat(e.isRam()).isEqualTo(isRam);
            });
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3, 16, 31})
  void areNotKnownInADumpOfLevel(int level) throws IOException {
    try (PhysicalMemory memory = open(dump(level))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x3000+0x1000", "0x5000+0x1000");
      assertThat(Memories.ramRanges(memory)).containsExactly("0x2000+0x8000");
      assertThat(memory.contains(0x4000, 1)).isFalse();
      assertThat(memory.isRam(0x2000, 0x8000)).isTrue();
      assertThat(memory.isRam(0x2000, 0x8001)).isFalse();
      assertThat(memory.isRam(0x1fff, 1)).isFalse();
      assertThat(memory.isRam(-1, 1)).isFalse();
      assertThat(memory.isRam(-1, 0)).isTrue();
      assertThat(memory.isRam(1L << 50, 1)).isFalse();
      assertAbsent(memory, 0x4000, true);
      assertAbsent(memory, 0xa000, false);
    }
  }

  @Test
  void messageNamesTheDumpLevel() throws IOException {
    try (PhysicalMemory memory = open(dump(31))) {
      assertThatThrownBy(() -> memory.read(0x4000, 1))
          .hasMessageEndingWith("leaves out the page of 0x4000, which is RAM: a dump of level 31");
    }
  }

  @Test
  void areZerosInADumpOfLevel1() throws IOException {
    try (PhysicalMemory memory = open(dump(1))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x2000+0x8000");
      assertThat(Memories.ramRanges(memory)).containsExactly("0x2000+0x8000");
      assertThat(Memories.dataRanges(memory)).containsExactly("0x3000+0x1000", "0x5000+0x1000");
      assertThat(memory.contains(0x2000, 0x8000)).isTrue();
      assertThat(Memories.bytes(memory, 0x4000, 4096)).isEqualTo(new byte[4096]);
      byte[] across = Memories.bytes(memory, 0x2000, 0x4000);
      byte[] expected = new byte[0x4000];
      System.arraycopy(ONE, 0, expected, 0x1000, 4096);
      System.arraycopy(TWO, 0, expected, 0x3000, 4096);
      assertThat(across).isEqualTo(expected);
      assertAbsent(memory, 0xa000, false);
    }
  }

  /** makedumpfile writes the second bitmap as it goes: a bit may be missing for want of room. */
  @Test
  void areNotKnownInADumpOfLevel1ThatIsIncomplete() throws IOException {
    try (PhysicalMemory memory = open(dump(1).status(INCOMPLETE))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x3000+0x1000", "0x5000+0x1000");
      assertThat(Memories.ramRanges(memory)).containsExactly("0x2000+0x8000");
      assertAbsent(memory, 0x4000, true);
    }
  }

  @Test
  void partOfASplitDumpKnowsAllRamAndAllZeros() throws IOException {
    try (PhysicalMemory memory = open(dump(1).split(0, 5))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x2000+0x3000", "0x6000+0x4000");
      assertThat(Memories.ramRanges(memory)).containsExactly("0x2000+0x8000");
      assertAbsent(memory, 0x5000, true);
    }
  }

  @Test
  void pageOutsideOfTheFirstBitmapIsRamAsWell() throws IOException {
    try (PhysicalMemory memory = open(dump(31).plain(100, ONE))) {
      assertThat(Memories.ramRanges(memory)).containsExactly("0x2000+0x8000", "0x64000+0x1000");
    }
  }
}
