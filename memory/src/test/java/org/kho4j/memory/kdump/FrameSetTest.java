package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.memory.MemorySource;

class FrameSetTest {

  private static final int BITMAP = 1 << 18;

  /** Bits in runs of all lengths. */
  private static BitSet random(int frames, Random random) {
    BitSet bits = new BitSet();
    for (int at = 0; at < frames; ) {
      int length = 1 + random.nextInt(1 << random.nextInt(12));
      bits.set(at, at + length, random.nextBoolean());
      at += length;
    }
    return bits;
  }

  private static DumpBytes bitmaps(BitSet ram, BitSet dumped) {
    byte[] bytes = new byte[2 * BITMAP];
    byte[] first = ram.toByteArray();
    byte[] second = dumped.toByteArray();
    System.arraycopy(first, 0, bytes, 0, first.length);
    System.arraycopy(second, 0, bytes, BITMAP, second.length);
    return DumpBytes.plain(MemorySegment.ofArray(bytes));
  }

  private static KdumpHeader header(int level, boolean incomplete, int frames, int first, int end) {
    return new KdumpHeader(
        MemorySource.Machine.UNKNOWN,
        4096,
        incomplete,
        level,
        frames,
        0,
        BITMAP,
        2 * BITMAP,
        first,
        end);
  }

  private static void assertSame(FrameSet frames, BitSet expected, Random random) {
    List<String> wanted = new ArrayList<>();
    for (int at = expected.nextSetBit(0); at >= 0; ) {
      int stop = expected.nextClearBit(at);
      wanted.add(at + "+" + (stop - at));
      at = expected.nextSetBit(stop);
    }
    List<String> runs = new ArrayList<>();
    frames.forEachRun((frame, count) -> runs.add(frame + "+" + count));
    assertThat(runs).isEqualTo(wanted);
    for (int i = 0; i < 2_000; i++) {
      int frame = random.nextInt(1_300_000);
      int to = frame + random.nextInt(5000);
      assertThat(frames.has(frame)).as("frame %d", frame).isEqualTo(expected.get(frame));
      assertThat(frames.firstAbsent(frame, to))
          .as("the first absent from %d to %d", frame, to)
          .isEqualTo(Math.min(expected.nextClearBit(frame), to));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void agreesWithBitSets(long seed) {
    Random random = new Random(seed);
    int frames = 1_200_000 + (int) seed * 37;
    int first = seed % 2 == 0 ? 0 : random.nextInt(500_000);
    int end = frames - random.nextInt(500_000);
    BitSet ram = random(frames + 1000, random);
    BitSet dumped = random(frames + 1000, random);
    DumpBytes bytes = bitmaps(ram, dumped);
    BitSet inRam = (BitSet) ram.clone();
    inRam.or(dumped);
    inRam.clear(frames, frames + 10_000);
    BitSet inFile = (BitSet) dumped.clone();
    inFile.clear(0, first);
    inFile.clear(end, frames + 10_000);
    BitSet zeros = (BitSet) inRam.clone();
    zeros.andNot(dumped);
    zeros.or(inFile);

    KdumpHeader all = header(31, false, frames, first, end);
    assertSame(FrameSet.ram(bytes, all), inRam, random);
    assertSame(FrameSet.inFile(bytes, all), inFile, random);
    assertSame(FrameSet.readable(bytes, all), inFile, random);
    KdumpHeader zerosAlone = header(1, false, frames, first, end);
    assertSame(FrameSet.readable(bytes, zerosAlone), zeros, random);
    KdumpHeader incomplete = header(1, true, frames, first, end);
    assertSame(FrameSet.readable(bytes, incomplete), inFile, random);
  }
}
