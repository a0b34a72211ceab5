package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.memory.MemorySource;

class DumpedPagesTest {

  private static Bitmap bitmap(BitSet bits, long frames, long first, long end) {
    byte[] bytes = new byte[(int) (frames / 8 + 4096) & -4096];
    byte[] set = bits.toByteArray();
    System.arraycopy(set, 0, bytes, 0, Math.min(set.length, bytes.length));
    MemorySegment file = MemorySegment.ofArray(bytes);
    DumpBytes dump = DumpBytes.plain(file);
    KdumpHeader header =
        new KdumpHeader(
            MemorySource.Machine.UNKNOWN, 4096, false, 0, frames, 0, 0, bytes.length, first, end);
    return new Bitmap(new DumpedPages(dump, header), FrameSet.inFile(dump, header));
  }

  /** The frames in the dump, and what is known of the pages before each. */
  private record Bitmap(DumpedPages pages, FrameSet frames) {}

  private static List<String> runs(Bitmap bitmap) {
    List<String> runs = new ArrayList<>();
    bitmap.frames().forEachRun((frame, count) -> runs.add(frame + "+" + count));
    return runs;
  }

  /** Bits in runs of all lengths. */
  private static BitSet random(int frames, long seed) {
    Random random = new Random(seed);
    BitSet bits = new BitSet();
    for (int at = 0; at < frames; ) {
      int length = 1 + random.nextInt(1 << random.nextInt(12));
      bits.set(at, at + length, random.nextBoolean());
      at += length;
    }
    return bits;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 6})
  void agreesWithABitSet(long seed) {
    int frames = 1_500_000 + (int) seed * 37;
    BitSet bits = random(frames + 1000, seed);
    Random random = new Random(seed);
    long first = seed % 2 == 0 ? 0 : random.nextInt(100_000);
    long end = seed % 3 == 0 ? frames : frames - random.nextInt(100_000);
    Bitmap bitmap = bitmap(bits, frames, first, end);

    List<String> runs = new ArrayList<>();
    for (int at = bits.nextSetBit((int) first); at >= 0 && at < end; ) {
      int stop = (int) Math.min(bits.nextClearBit(at), end);
      runs.add(at + "+" + (stop - at));
      at = bits.nextSetBit(stop);
    }
    assertThat(runs(bitmap)).isEqualTo(runs);

    for (int i = 0; i < 4_000; i++) {
      int frame = random.nextInt(frames);
      boolean inside = frame >= first && frame < end;
      assertThat(bitmap.pages().has(frame)).isEqualTo(inside && bits.get(frame));
      if (inside) {
        assertThat(bitmap.pages().rank(frame))
            .as("rank of %d", frame)
            .isEqualTo(bits.get((int) first, frame).cardinality());
        int to = frame + random.nextInt(5000);
        int clear = Math.min(bits.nextClearBit(frame), (int) end);
        assertThat(bitmap.frames().firstAbsent(frame, to)).isEqualTo(Math.min(clear, to));
      } else {
        assertThat(bitmap.frames().firstAbsent(frame, frame + 5L)).isEqualTo(frame);
      }
    }
  }

  @Test
  void ignoresBitsBeyondTheLastFrame() {
    BitSet bits = new BitSet();
    bits.set(0, 4096);

    assertThat(runs(bitmap(bits, 100, 0, 100))).containsExactly("0+100");
    assertThat(runs(bitmap(bits, 128, 0, 128))).containsExactly("0+128");
    assertThat(runs(bitmap(bits, 128, 64, 65))).containsExactly("64+1");
    assertThat(bitmap(bits, 100, 0, 100).frames().firstAbsent(99, 200)).isEqualTo(100);
    assertThat(bitmap(bits, 100, 0, 100).pages().has(100)).isFalse();
  }

  @Test
  void hasNoRunWithoutFrames() {
    assertThat(runs(bitmap(new BitSet(), 100, 0, 100))).isEmpty();
    assertThat(runs(bitmap(new BitSet(), 0, 0, 0))).isEmpty();
    assertThat(runs(bitmap(new BitSet(), 100, 50, 50))).isEmpty();
  }

  @Test
  void walksATebibyte() {
    BitSet bits = new BitSet();
    bits.set(0, 1 << 28);
    Bitmap bitmap = bitmap(bits, 1 << 28, 0, 1 << 28);

    assertThat(runs(bitmap)).containsExactly("0+268435456");
    assertThat(bitmap.pages().rank((1 << 28) - 1)).isEqualTo((1 << 28) - 1);
  }
}
