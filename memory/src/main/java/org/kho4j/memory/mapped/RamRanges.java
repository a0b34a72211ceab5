package org.kho4j.memory.mapped;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.PhysicalMemory;

/** The address ranges of a machine's RAM, sorted by address, without adjacent ranges. */
public final class RamRanges {

  /**
   * Most bytes of RAM accepted from a small file: readers keep bits for each page of RAM. A dump
   * has at least the page descriptors, 1/64 of RAM, so a larger file may describe more.
   */
  private static final long MAX_RAM_OF_SMALL_FILE = 1L << 40;

  private static final int MAX_RAM_BY_FILE_SIZE_SHIFT = 12;

  private final long[] starts;
  private final long[] ends;
  private final int count;

  /**
   * Takes ranges of RAM, which may touch and overlap.
   *
   * @param addresses first physical address of each range, ascending
   * @param lengths bytes of each range, at least 1; none reaches 2^63
   */
  public RamRanges(long[] addresses, long[] lengths) {
    this.starts = new long[addresses.length];
    this.ends = new long[addresses.length];
    int last = -1;
    for (int i = 0; i < addresses.length; i++) {
      long end = addresses[i] + lengths[i];
      if (last >= 0 && addresses[i] <= ends[last]) {
        ends[last] = Math.max(ends[last], end);
      } else {
        last++;
        starts[last] = addresses[i];
        ends[last] = end;
      }
    }
    this.count = last + 1;
  }

  /**
   * Returns the ranges of RAM; null if they are too many bytes for a file of that size.
   *
   * @param fileSize bytes of the file that has the ranges
   */
  public static @Nullable RamRanges believed(long[] addresses, long[] lengths, long fileSize) {
    RamRanges ranges = new RamRanges(addresses, lengths);
    long most =
        Math.max(
            MAX_RAM_OF_SMALL_FILE,
            Math.min(fileSize, Long.MAX_VALUE >>> MAX_RAM_BY_FILE_SIZE_SHIFT)
                << MAX_RAM_BY_FILE_SIZE_SHIFT);
    return ranges.bytes() <= most ? ranges : null;
  }

  /** Returns the bytes of RAM in all. */
  public long bytes() {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += ends[i] - starts[i];
    }
    return sum;
  }

  /** Returns whether all bytes of a range, at least 1, are RAM. */
  public boolean contains(long address, long length) {
    int at = Arrays.binarySearch(starts, 0, count, address);
    int range = at >= 0 ? at : -at - 2;
    return range >= 0 && address < ends[range] && length <= ends[range] - address;
  }

  /** Visits every range, ascending. */
  public void forEach(PhysicalMemory.RangeVisitor visitor) {
    for (int i = 0; i < count; i++) {
      visitor.range(starts[i], ends[i] - starts[i]);
    }
  }
}
