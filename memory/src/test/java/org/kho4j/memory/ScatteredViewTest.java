package org.kho4j.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScatteredViewTest {

  private static final long BASE = 0x1000;
  private static final Runs THREE =
      Runs.collect(to -> {
        to.range(BASE + 20, 4);
        to.range(BASE + 0, 2);
        to.range(BASE + 10, 3);
      });

  @Test
  void goesRunByRunWhereNothingCanBeStitched() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 32)) {
      ScatteredView view = ram.scattered(THREE, Arena.ofAuto());
      assertThat(view.contiguous()).isEmpty();
      assertThat(view.size()).isEqualTo(9);

      view.copyFrom(0, MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9}));

      byte[] expected = new byte[32];
      System.arraycopy(new byte[] {1, 2, 3, 4}, 0, expected, 20, 4);
      System.arraycopy(new byte[] {5, 6}, 0, expected, 0, 2);
      System.arraycopy(new byte[] {7, 8, 9}, 0, expected, 10, 3);
      assertThat(ram.read(BASE, 32).toArray(JAVA_BYTE)).containsExactly(expected);
    }
  }

  @Test
  void copiesEveryPartOfAnArea() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 32)) {
      ScatteredView view = ram.scattered(THREE, Arena.ofAuto());
      byte[] whole = {1, 2, 3, 4, 5, 6, 7, 8, 9};
      view.copyFrom(0, MemorySegment.ofArray(whole));

      for (int from = 0; from <= whole.length; from++) {
        for (int to = from; to <= whole.length; to++) {
          byte[] part = new byte[to - from];
          view.copyTo(from, MemorySegment.ofArray(part));
          assertThat(part).containsExactly(java.util.Arrays.copyOfRange(whole, from, to));
        }
      }
    }
  }

  @Test
  void visitsItsRunsInOrder() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 32)) {
      List<String> visited = new ArrayList<>();
      ram.scattered(THREE, Arena.ofAuto())
          .forEachRun((offset, bytes) -> {
            bytes.fill((byte) offset);
            visited.add(offset + "+" + bytes.byteSize());
          });

      assertThat(visited).containsExactly("0+4", "4+2", "6+3");
      assertThat(ram.read(BASE + 10, 3).toArray(JAVA_BYTE)).containsExactly(6, 6, 6);
    }
  }

  @Test
  void isOneSliceWhenItIsOneRun() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 32)) {
      Runs one = Runs.collect(to -> to.range(BASE + 8, 16));
      ram.writable(BASE + 8, 1).set(JAVA_BYTE, 0, (byte) 3);

      MemorySegment segment = ram.scattered(one, Arena.ofAuto()).contiguous().orElseThrow();

      assertThat(segment.byteSize()).isEqualTo(16);
      assertThat(segment.get(JAVA_BYTE, 0)).isEqualTo((byte) 3);
    }
  }

  @Test
  void usesWhatTheStitcherMapped() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment stitched = arena.allocate(9);
      WritableMemory ram =
          WritableMemory.over(
              java.nio.file.Path.of("test"),
              arena.allocate(32),
              BASE,
              arena,
              (_, _) -> Optional.of(stitched));
      ScatteredView view = ram.scattered(THREE, arena);

      view.copyFrom(2, MemorySegment.ofArray(new byte[] {7}));

      assertThat(view.contiguous()).containsSame(stitched);
      assertThat(stitched.get(JAVA_BYTE, 2)).isEqualTo((byte) 7);
    }
  }

  @Test
  void endsWhereItsSizeSays() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 32)) {
      ScatteredView view = ram.scattered(THREE, Arena.ofAuto());

      assertThatThrownBy(() -> view.copyTo(8, MemorySegment.ofArray(new byte[2])))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage("2 bytes from offset 8 on are outside of an area of 9 bytes");
      assertThatThrownBy(() -> view.copyFrom(-1, MemorySegment.ofArray(new byte[1])))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void refusesRunsOutsideOfTheMemory() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 32)) {
      Runs outside =
          Runs.collect(to -> {
            to.range(BASE, 4);
            to.range(BASE + 30, 4);
          });

      assertThatThrownBy(() -> ram.scattered(outside, Arena.ofAuto()))
          .isInstanceOf(AbsentMemoryException.class)
          .hasMessageContaining("0x1020");
    }
  }

  @Test
  void isClosedWithTheMemory() {
    WritableMemory ram = WritableMemory.allocate(BASE, 32);
    ScatteredView view = ram.scattered(THREE, Arena.ofAuto());
    ram.close();

    assertThatThrownBy(() -> view.copyTo(0, MemorySegment.ofArray(new byte[1])))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> ram.scattered(THREE, Arena.ofAuto()))
        .isInstanceOf(IllegalStateException.class);
  }
}
