package org.kho4j.memory.kdump;

import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import org.kho4j.memory.PhysicalMemory;

/**
 * Which page frames are in the dump, and the how-manieth each is. The bitmap stays where it is in
 * the file; every so many frames the number of those before is noted.
 */
final class DumpedPages {

  /** Frames between two notes, at least: a look-up counts in half as many on average. */
  private static final long MIN_STRIDE = 4096;

  /** Most notes: 8 MiB of heap, for machines of 16 TiB and more. */
  private static final long MAX_NOTES = 1 << 20;

  private static final int WINDOW = 1 << 16;

  private final DumpBytes dump;
  private final long offset;
  private final long first;
  private final long end;
  private final long stride;
  private final long[] before;
  private final long beforeFirst;

  DumpedPages(DumpBytes dump, KdumpHeader header) {
    this.dump = dump;
    this.offset = header.bitmap();
    this.first = header.firstFrame();
    this.end = header.endFrame();
    long wanted = MIN_STRIDE;
    while (end / wanted >= MAX_NOTES) {
      wanted *= 2;
    }
    this.stride = wanted;
    this.before = new long[(int) (end / stride) + 1];
    long count = 0;
    for (int i = 0; i < before.length - 1; i++) {
      before[i] = count;
      count += countIn(i * stride, (i + 1) * stride);
    }
    before[before.length - 1] = count;
    this.beforeFirst = countBefore(first);
  }

  /** Whether the page of a frame is in the dump. */
  boolean has(long frame) {
    return frame >= first && frame < end && (word(frame) >>> (frame & 63) & 1) != 0;
  }

  /** How many pages of the dump come before this frame's. */
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
    for (long at = from; at < to; at += 8L * WINDOW) {
      long frames = Math.min(to - at, 8L * WINDOW);
      MemorySegment words = dump.get(offset + at / 8, (frames + 63) / 64 * 8);
      long whole = frames / 64 * 8;
      for (long i = 0; i < whole; i += 8) {
        count += Long.bitCount(words.get(U64, i));
      }
      if (frames % 64 != 0) {
        count += Long.bitCount(words.get(U64, whole) & (1L << frames % 64) - 1);
      }
    }
    return count;
  }

  /** The first frame of {@code [from, to)} that is not in the dump, or {@code to}. */
  long firstAbsent(long from, long to) {
    if (from < first) {
      return from;
    }
    long stop = Math.min(to, end);
    long frame = from;
    while (frame < stop) {
      long zeros = ~word(frame) >>> (frame & 63);
      if (zeros != 0) {
        return Math.min(frame + Long.numberOfTrailingZeros(zeros), stop);
      }
      frame = (frame | 63) + 1;
    }
    return Math.max(from, stop);
  }

  private long word(long frame) {
    return dump.u64(offset + (frame >>> 6) * 8);
  }

  /** Visits the runs of frames in the dump, ascending. */
  void forEachRun(PhysicalMemory.RangeVisitor visitor) {
    long start = -1;
    long at = first & -64;
    while (at < end) {
      long frames = Math.min(end - at, 8L * WINDOW);
      MemorySegment words = dump.get(offset + at / 8, (frames + 63) / 64 * 8);
      for (long i = 0; i * 64 < frames; i++) {
        long base = at + i * 64;
        long word = words.get(U64, i * 8) & inside(base);
        if (start >= 0 ? word == -1 : word == 0) {
          continue;
        }
        start = splitWord(word, base, start, visitor);
      }
      at += frames;
    }
    if (start >= 0) {
      visitor.range(start, end - start);
    }
  }

  /** The bits of a word that stand for frames of this file. */
  private long inside(long base) {
    long mask = -1;
    if (base < first) {
      mask <<= first - base;
    }
    if (end - base < 64) {
      mask &= (1L << (end - base)) - 1;
    }
    return mask;
  }

  /** Ends and starts runs where bits change, and returns where the open one started, or -1. */
  private static long splitWord(
      long word, long base, long start, PhysicalMemory.RangeVisitor visitor) {
    int bit = 0;
    while (bit < 64) {
      long rest = (start >= 0 ? ~word : word) >>> bit;
      if (rest == 0) {
        break;
      }
      bit += Long.numberOfTrailingZeros(rest);
      if (start >= 0) {
        visitor.range(start, base + bit - start);
        start = -1;
      } else {
        start = base + bit;
      }
    }
    return start;
  }
}
