package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.kho4j.memory.Runs;
import org.kho4j.memory.ScatteredView;
import org.kho4j.memory.WritableMemory;

@EnabledOnOs(OS.LINUX)
class FileStitcherTest {

  private static final long BASE = 0x4000_0000;
  private static final int PAGE = Linux.pageSize();

  @Test
  void showsScatteredPagesAsOneSegment() throws IOException {
    SplittableRandom random = new SplittableRandom(11);
    int[] pages = shuffled(random, 512);
    Runs runs = blocks(pages, 1);
    try (WritableMemory ram = memory("stitched", 512);
        Arena arena = Arena.ofConfined()) {
      MemorySegment area = ram.scattered(runs, arena).contiguous().orElseThrow();
      assertThat(area.byteSize()).isEqualTo(512L * PAGE);

      for (int i = 0; i < pages.length; i++) {
        area.set(JAVA_LONG, (long) i * PAGE, i);
      }

      for (int i = 0; i < pages.length; i++) {
        long address = BASE + (long) pages[i] * PAGE;
        assertThat(ram.read(address, 8).get(JAVA_LONG, 0)).isEqualTo(i);
      }
    }
  }

  @Test
  void mapsPagesThatTouchAtOnce() throws IOException {
    try (WritableMemory ram = memory("joined", 64);
        Arena arena = Arena.ofConfined()) {
      Runs runs =
          Runs.collect(to -> {
            for (int page = 32; page < 64; page++) {
              to.range(BASE + (long) page * PAGE, PAGE);
            }
            for (int page = 0; page < 32; page++) {
              to.range(BASE + (long) page * PAGE, PAGE);
            }
          });
      long before = Maps.of("memfd:joined");

      ram.scattered(runs, arena);

      assertThat(Maps.of("memfd:joined")).isEqualTo(before + 2);
    }
  }

  @Test
  void unmapsWithItsArena() throws IOException {
    ExtentBudget budget = ExtentBudget.PROCESS;
    int left = budget.left();
    try (WritableMemory ram = memory("unmapped", 64)) {
      try (Arena arena = Arena.ofConfined()) {
        ram.scattered(blocks(shuffled(new SplittableRandom(1), 64), 1), arena);
        assertThat(Maps.of("memfd:unmapped")).isGreaterThan(30);
        assertThat(budget.left()).isLessThan(left - 30);
      }
      assertThat(Maps.of("memfd:unmapped")).isEqualTo(1);
      assertThat(budget.left()).isEqualTo(left);
    }
  }

  @Test
  void goesRunByRunBeyondTheBudget() throws IOException {
    Runs runs = blocks(new int[] {6, 4, 2, 0}, 1);
    try (LinuxFile file = LinuxFile.memory("budget", 64L * PAGE, HugePages.NONE);
        Arena arena = Arena.ofConfined()) {
      ExtentBudget budget = new ExtentBudget(7);
      FileStitcher stitcher = new FileStitcher(file, BASE, budget);

      assertThat(stitcher.stitch(runs, arena)).isPresent();
      assertThat(stitcher.stitch(runs, arena)).isEmpty();
      assertThat(budget.left()).isEqualTo(3);
    }
  }

  @Test
  void seesTheSameBytesWithAndWithoutStitching() throws IOException {
    int[] pages = shuffled(new SplittableRandom(5), 256);
    int limit = Linux.maxMapCount() / 2;
    try (WritableMemory ram = memory("limit", 2L * (limit + 1));
        Arena arena = Arena.ofShared()) {
      Runs tooMany =
          Runs.collect(to -> {
            for (int page = 0; page <= limit; page++) {
              to.range(BASE + 2L * page * PAGE, PAGE);
            }
          });
      assertThat(ram.scattered(tooMany, arena).contiguous()).isEmpty();

      ScatteredView stitched = ram.scattered(blocks(pages, 1), arena);
      MemorySegment content = arena.allocate(stitched.size());
      for (long i = 0; i < stitched.size(); i += 8) {
        content.set(JAVA_LONG, i, i * 31);
      }
      stitched.copyFrom(0, content);
      MemorySegment back = arena.allocate(stitched.size());
      for (int i = 0; i < pages.length; i++) {
        MemorySegment.copy(
            ram.read(BASE + (long) pages[i] * PAGE, PAGE), 0, back, (long) i * PAGE, PAGE);
      }
      assertThat(back.mismatch(content)).isEqualTo(-1);
    }
  }

  @Test
  void doesNotStitchRunsOffThePagesOfTheHost() throws IOException {
    try (WritableMemory ram = memory("unaligned", 64);
        Arena arena = Arena.ofConfined()) {
      Runs runs =
          Runs.collect(to -> {
            to.range(BASE + 512, 512);
            to.range(BASE + 2L * PAGE, PAGE);
          });

      ScatteredView view = ram.scattered(runs, arena);

      assertThat(view.contiguous()).isEmpty();
      assertThat(view.size()).isEqualTo(512 + PAGE);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosed")
  void leavesNothingMappedWhenTheArenaIsClosed() throws IOException {
    Arena closed = Arena.ofConfined();
    closed.close();
    int left = ExtentBudget.PROCESS.left();
    try (WritableMemory ram = memory("closedarena", 64)) {
      assertThatThrownBy(() -> ram.scattered(blocks(new int[] {4, 2, 0}, 1), closed))
          .isInstanceOf(IllegalStateException.class);
      assertThat(Maps.of("memfd:closedarena")).isEqualTo(1);
      assertThat(ExtentBudget.PROCESS.left()).isEqualTo(left);
    }
  }

  @Test
  void alignsLargeBlocksForHugePages() throws IOException {
    int blockPages = (2 << 20) / PAGE;
    try (WritableMemory ram = memory("huge", 4L * blockPages);
        Arena arena = Arena.ofConfined()) {
      MemorySegment area =
          ram.scattered(blocks(new int[] {3, 1, 0}, blockPages), arena).contiguous().orElseThrow();
      assertThat(area.address() % (2 << 20)).isZero();
    }
  }

  private static WritableMemory memory(String name, long pages) throws IOException {
    return LinuxMemory.allocate(name, BASE, pages * PAGE, HugePages.NONE);
  }

  private static Runs blocks(int[] blocks, int blockPages) {
    long bytes = (long) blockPages * PAGE;
    return Runs.collect(to -> {
      for (int block : blocks) {
        to.range(BASE + block * bytes, bytes);
      }
    });
  }

  private static int[] shuffled(SplittableRandom random, int count) {
    int[] numbers = new int[count];
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      numbers[i] = numbers[j];
      numbers[j] = i;
    }
    return numbers;
  }
}
