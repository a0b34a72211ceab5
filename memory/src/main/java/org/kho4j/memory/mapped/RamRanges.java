package org.kho4j.memory.mapped;

import java.util.Arrays;
import org.kho4j.memory.PhysicalMemory;

/** Where the RAM of a machine is: ranges sorted by address, of which no two touch. */
public final class RamRanges {

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

  /** Bytes of RAM in all. */
  public long bytes() {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += ends[i] - starts[i];
    }
    return sum;
  }

  /** Whether all of some bytes, at least 1, are RAM. */
  boolean contains(long address, long length) {
    int at = Arrays.binarySearch(starts, 0, count, address);
    int range = at >= 0 ? at : -at - 2;
    return range >= 0 && address < ends[range] && length <= ends[range] - address;
  }

  void forEach(PhysicalMemory.RangeVisitor visitor) {
    for (int i = 0; i < count; i++) {
      visitor.range(starts[i], ends[i] - starts[i]);
    }
  }
}
