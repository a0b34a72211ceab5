package org.kho4j.memory.kdump;

import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.kho4j.memory.PhysicalMemory;

/** A set of page frames by the two bitmaps of a dump, which stay in the file. */
final class FrameSet {

  /** The frames that a set has. */
  private enum Kind {
    /** Frames whose pages are in the file. */
    IN_FILE,
    /**
     * Frames whose pages are in the file, and RAM that the dump left out because it was all zeros.
     */
    READABLE,
    /** RAM of the machine. */
    RAM
  }

  /** Frames of a bitmap that are read at once: 64 KiB. */
  static final long WINDOW = 1 << 19;

  private final DumpBytes dump;
  private final KdumpHeader header;
  private final Kind kind;
  private final long first;
  private final long end;

  /** Windows whose bits are not all zeros by the holes of the file. */
  private final BitSet data = new BitSet();

  private FrameSet(DumpBytes dump, KdumpHeader header, Kind kind) {
    this.dump = dump;
    this.header = header;
    this.kind = kind;
    this.first = kind == Kind.IN_FILE ? header.firstFrame() : 0;
    this.end = kind == Kind.IN_FILE ? header.endFrame() : header.frames();
    findData(header.bitmap());
    if (kind != Kind.IN_FILE) {
      findData(header.ramBitmap());
    }
  }

  private void findData(long bitmap) {
    if (end > 0) {
      dump.forEachData(
          bitmap,
          (end + 7) / 8,
          (offset, length) ->
              data.set(
                  window(8 * (offset - bitmap)), window(8 * (offset + length - 1 - bitmap)) + 1));
    }
  }

  private static int window(long frame) {
    return (int) (frame / WINDOW);
  }

  /** Returns whether a range of frames may have any of the set. */
  boolean hasData(long frame, long count) {
    int window = data.nextSetBit(window(frame));
    return window >= 0 && window <= window(frame + count - 1);
  }

  /** Returns the set of frames whose pages are in the file. */
  static FrameSet inFile(DumpBytes dump, KdumpHeader header) {
    return new FrameSet(dump, header, Kind.IN_FILE);
  }

  /**
   * Returns the set of frames whose content is known, including those that the dump left out
   * because of zeros.
   */
  static FrameSet readable(DumpBytes dump, KdumpHeader header) {
    return new FrameSet(dump, header, header.leftOutZerosAlone() ? Kind.READABLE : Kind.IN_FILE);
  }

  /** Returns the set of frames that are RAM. */
  static FrameSet ram(DumpBytes dump, KdumpHeader header) {
    return new FrameSet(dump, header, Kind.RAM);
  }

  boolean has(long frame) {
    return frame >= first && frame < end && (word(frame) >>> (frame & 63) & 1) != 0;
  }

  /** Returns the first frame of {@code [from, to)} that is not in the set, or {@code to}. */
  long firstAbsent(long from, long to) {
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

  /** Returns the first frame of {@code [from, to)} that is in the set, or {@code to}. */
  long firstPresent(long from, long to) {
    long stop = Math.min(to, end);
    long frame = Math.max(from, first);
    while (frame < stop) {
      long ones = word(frame) >>> (frame & 63);
      if (ones != 0) {
        return Math.min(frame + Long.numberOfTrailingZeros(ones), to);
      }
      frame = (frame | 63) + 1;
    }
    return to;
  }

  /** Returns the bits of the 64 frames around one frame. */
  private long word(long frame) {
    long base = frame & -64;
    long offset = base >>> 3;
    long inDump = dump.u64(header.bitmap() + offset);
    return combine(base, inDump, kind == Kind.IN_FILE ? 0 : dump.u64(header.ramBitmap() + offset));
  }

  private long combine(long base, long inDump, long inRam) {
    return switch (kind) {
      case IN_FILE -> inDump & mask(base, first, end);
      case READABLE ->
          (inDump & mask(base, header.firstFrame(), header.endFrame()))
              | (inRam & ~inDump & mask(base, first, end));
      case RAM -> (inDump | inRam) & mask(base, first, end);
    };
  }

  /** Returns the bits of those of 64 frames that are in a range. */
  private static long mask(long base, long first, long end) {
    if (end <= base || first >= base + 64) {
      return 0;
    }
    long mask = first > base ? -1L << (first - base) : -1L;
    return end - base < 64 ? mask & (1L << (end - base)) - 1 : mask;
  }

  /** Visits the runs of frames in the set, ascending. */
  void forEachRun(PhysicalMemory.RangeVisitor visitor) {
    long start = -1;
    long next = 0;
    for (int i = data.nextSetBit(window(first)); i >= 0; i = data.nextSetBit(i + 1)) {
      long at = i * WINDOW;
      if (start >= 0 && at > next) {
        visitor.range(start, next - start);
        start = -1;
      }
      long frames = Math.min(end - at, WINDOW);
      next = at + frames;
      MemorySegment inDump = read(header.bitmap(), at, frames);
      MemorySegment inRam = kind == Kind.IN_FILE ? inDump : read(header.ramBitmap(), at, frames);
      for (long base = at; base < next; base += 64) {
        long byteAt = (base - at) / 8;
        long word = combine(base, inDump.get(U64, byteAt), inRam.get(U64, byteAt));
        if (start >= 0 ? word == -1 : word == 0) {
          continue;
        }
        start = splitWord(word, base, start, visitor);
      }
    }
    if (start >= 0) {
      visitor.range(start, next - start);
    }
  }

  private MemorySegment read(long bitmap, long frame, long frames) {
    return dump.get(bitmap + frame / 8, (frames + 63) / 64 * 8);
  }

  /** Ends and starts runs where bits change, and returns the start of the open run, or -1. */
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
