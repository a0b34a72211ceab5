package org.kho4j.memory.kdump;

import org.kho4j.memory.PhysicalMemory.RangeVisitor;

/**
 * The page frames whose pages a dump really has: its bitmap may name pages that the writer did not
 * reach, or that were lost with the end of the file.
 */
final class WrittenPages {

  private final DumpedPages bitmap;
  private final PageDescriptors descriptors;

  /** Whether runs of frames have pages of zeros as well, which have no descriptor. */
  private final boolean zerosToo;

  WrittenPages(DumpedPages bitmap, PageDescriptors descriptors, boolean zerosToo) {
    this.bitmap = bitmap;
    this.descriptors = descriptors;
    this.zerosToo = zerosToo;
  }

  /**
   * Returns the first frame without a page, or {@code to}.
   *
   * @param from first frame of a run in the bitmap, or of zeros
   */
  long firstAbsent(long from, long to) {
    long at = from;
    for (long rank = bitmap.rank(from); at < to; ) {
      long stop = endOfDescribed(at, to);
      long end = rank + stop - at;
      long missing = descriptors.firstMissing(rank, end);
      if (missing < end) {
        return at + missing - rank;
      }
      rank = end;
      at = endOfZeros(stop, to);
    }
    return to;
  }

  private long endOfDescribed(long from, long to) {
    return zerosToo ? bitmap.frames().firstAbsent(from, to) : to;
  }

  private long endOfZeros(long from, long to) {
    return bitmap.frames().firstPresent(from, to);
  }

  /** Returns a visitor of all runs of a set of frames, which passes on the parts with pages. */
  RangeVisitor partsOfRuns(RangeVisitor visitor) {
    return new Parts(visitor);
  }

  private final class Parts implements RangeVisitor {

    private final RangeVisitor visitor;
    private long rank;
    private boolean present;

    /** The first descriptor from {@link #rank} on that is not as {@link #present} says. */
    private long change;

    /** First frame of the part that is not yet visited, or -1. */
    private long start = -1;

    Parts(RangeVisitor visitor) {
      this.visitor = visitor;
    }

    @Override
    public void range(long frame, long count) {
      long to = frame + count;
      for (long at = frame; at < to; ) {
        long stop = endOfDescribed(at, to);
        described(at, stop);
        at = endOfZeros(stop, to);
        if (at > stop) {
          begin(stop);
        }
      }
      end(to);
    }

    private void described(long from, long to) {
      long end = rank + to - from;
      for (long shift = from - rank; rank < end; rank = Math.min(end, change)) {
        while (change == rank) {
          present = !present;
          change =
              present
                  ? descriptors.firstMissing(rank, descriptors.count())
                  : descriptors.firstPresent(rank, descriptors.count());
        }
        if (present) {
          begin(rank + shift);
        } else {
          end(rank + shift);
        }
      }
    }

    private void begin(long frame) {
      start = start < 0 ? frame : start;
    }

    private void end(long frame) {
      if (start >= 0) {
        visitor.range(start, frame - start);
        start = -1;
      }
    }
  }
}
