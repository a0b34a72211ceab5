package org.kho4j.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FdtTest {

  @Test
  void readsWhatItWrote() {
    for (long seed = 0; seed < 2_000; seed++) {
      FdtNode tree = new RandomTrees(seed).tree();
      MemorySegment blob = Fdt.write(tree);
      assertThat(Fdt.read(blob)).as("seed %d", seed).isEqualTo(tree);
      assertThat(Fdt.totalSize(blob)).as("seed %d", seed).isEqualTo(blob.byteSize());
    }
  }

  @Test
  void writesAndReadsNativeMemoryThatIsNotAligned() {
    FdtNode tree = new RandomTrees(7).tree();
    MemorySegment blob = Fdt.write(tree);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment odd = arena.allocate(blob.byteSize() + 65, 8).asSlice(1);
      odd.copyFrom(blob);
      FdtEditor editor = FdtEditor.open(odd);
      editor.root().addSubnode("new");
      assertThat(Fdt.read(editor.pack()).child("new")).isPresent();
    }
  }

  @Test
  void refusesToWriteATreeThatIsTooDeep() {
    FdtNode tree = new FdtNode("n", List.of(), List.of());
    for (int i = 0; i < 100_000; i++) {
      tree = new FdtNode(i == 99_999 ? "" : "n", List.of(), List.of(tree));
    }
    FdtNode root = tree;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Fdt.write(root))
        .withMessage("a node is more than 64 levels deep");
  }

  static Stream<String> blobs() {
    return Stream.concat(
        KernelBlobs.ROOTS.stream(), Stream.of(KernelBlobs.GEN1_MEMBLOCK, KernelBlobs.KHO_TEST));
  }

  /** Whatever the bytes are, reading gives a tree or an FdtException. */
  @ParameterizedTest
  @MethodSource("blobs")
  void survivesDamage(String name) {
    byte[] whole = KernelBlobs.load(name);
    int size = (int) Fdt.totalSize(MemorySegment.ofArray(whole));
    byte[] blob = MemorySegment.ofArray(whole).asSlice(0, size).toArray(ValueLayout.JAVA_BYTE);
    Random random = new Random(name.hashCode());
    for (int i = 0; i < 5_000; i++) {
      MemorySegment damaged = damage(blob, random);
      try {
        FdtNode tree = Fdt.read(damaged);
        assertThat(Fdt.read(Fdt.write(tree))).isEqualTo(tree);
        Fdt.reservations(damaged);
      } catch (FdtException e) {
        assertThat(e).hasMessageNotContaining("null");
        assertThat(e.offset()).isBetween(0L, damaged.byteSize());
      }
    }
  }

  private static MemorySegment damage(byte[] blob, Random random) {
    byte[] damaged = blob.clone();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      int at = random.nextInt(damaged.length);
      switch (random.nextInt(4)) {
        case 0 -> damaged[at] = (byte) random.nextInt();
        case 1 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
        case 2 ->
            MemorySegment.ofArray(damaged)
                .set(
                    FdtHeader.WORD,
                    Math.min(at & ~3, damaged.length - 4),
                    interesting(random, at, damaged.length));
        default ->
            System.arraycopy(
                blob,
                random.nextInt(blob.length - 4) & ~3,
                damaged,
                Math.min(at & ~3, blob.length - 4),
                4);
      }
    }
    int length = random.nextInt(4) == 0 ? random.nextInt(damaged.length + 1) : damaged.length;
    return MemorySegment.ofArray(damaged).asSlice(0, length);
  }

  private static int interesting(Random random, int at, int size) {
    int[] values = {
      0, 1, 2, 3, 4, 9, -1, -4, Integer.MAX_VALUE, Integer.MIN_VALUE, size, size - at
    };
    return values[random.nextInt(values.length)];
  }
}
