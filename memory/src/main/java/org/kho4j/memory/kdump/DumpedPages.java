package org.kho4j.memory.kdump;

import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;

/**
 * The page frames in the dump, with the rank of each. A note at regular intervals of frames records
 * the number of dumped frames before it.
 */
final class DumpedPages {

  /** Fewest frames between two notes: a look-up counts in half as many on average. */
  private static final long MIN_STRIDE = 4096;

  /** Most notes: 8 MiB of heap, for machines of 16 TiB and more. */
  private static final long MAX_NOTES = 1 << 20;

  private final DumpBytes dump;
  private final FrameSet frames;
  private final long offset;
  private final long stride;
  private final long[] before;
  private final long beforeFirst;

  DumpedPages(DumpBytes dump, KdumpHeader header) {
    this.dump = dump;
    this.frames = FrameSet.inFile(dump, header);
    this.offset = header.bitmap();
    long end = header.endFrame();
    long wanted = MIN_STRIDE;
    while (end / wanted >= MAX_NOTES) {
      wanted *= 2;
    }
    this.stride = wanted;
    this.before = new long[(int) (end / stride) + 1];
    long count = 0;
    for (int i = 0; i < before.length - 1; i++) {
      before[i] = count;
      if (frames.hasData(i * stride, stride)) {
        count += countIn(i * stride, (i + 1) * stride);
      }
    }
    before[before.length - 1] = count;
    this.beforeFirst = countBefore(header.firstFrame());
  }

  /** Returns the frames in the dump. */
  FrameSet frames() {
    return frames;
  }

  /** Returns whether the page of a frame is in the dump. */
  boolean has(long frame) {
    return frames.has(frame);
  }

  /** Returns the number of pages of the dump before this frame's. */
  long rank(long frame) {
    return countBefore(frame) - beforeFirst;
  }

  private long countBefore(long frame) {
    int note = (int) (frame / stride);
    return before[note] + countIn(note * stride, frame);
  }

  /** Counts from a multiple of 64 on, in windows. */
  private long countIn(long from, long to) {
    long count = 0;
    for (long at = from; at < to; at += FrameSet.WINDOW) {
      long bits = Math.min(to - at, FrameSet.WINDOW);
      MemorySegment words = dump.get(offset + at / 8, (bits + 63) / 64 * 8);
      long whole = bits / 64 * 8;
      for (long i = 0; i < whole; i += 8) {
        count += Long.bitCount(words.get(U64, i));
      }
      if (bits % 64 != 0) {
        count += Long.bitCount(words.get(U64, whole) & (1L << bits % 64) - 1);
      }
    }
    return count;
  }
}
