package org.kho4j.memory.mapped;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kho4j.memory.PhysicalMemory;

/** Runs of physical memory that are contiguous in a file, sorted by address and disjoint. */
public final class MappedRuns {

  private final long[] addresses;
  private final long[] lengths;
  private final long[] offsets;

  /**
   * Takes runs over.
   *
   * @param addresses first physical address of each run, ascending
   * @param lengths bytes of each run, at least 1
   * @param offsets file offset of each run
   */
  public MappedRuns(long[] addresses, long[] lengths, long[] offsets) {
    this.addresses = addresses;
    this.lengths = lengths;
    this.offsets = offsets;
  }

  /** Creates a single run. */
  public static MappedRuns of(long address, long length, long offset) {
    return new MappedRuns(new long[] {address}, new long[] {length}, new long[] {offset});
  }

  /** Returns the same runs, shifted back in the file by a number of bytes. */
  public MappedRuns behind(long bytes) {
    return new MappedRuns(
        addresses, lengths, Arrays.stream(offsets).map(offset -> offset + bytes).toArray());
  }

  /** Returns the number of runs. */
  public int count() {
    return addresses.length;
  }

  /** Returns the physical address of a run's first byte. */
  public long start(int run) {
    return addresses[run];
  }

  /** Returns the physical address behind a run's last byte. */
  public long end(int run) {
    return addresses[run] + lengths[run];
  }

  /** Returns the file offset of an address of a run. */
  public long offsetOf(int run, long address) {
    return offsets[run] + (address - addresses[run]);
  }

  /** Returns whether a run begins where the one before it ends. */
  boolean adjoinsPrevious(int run) {
    return run < addresses.length && addresses[run] == end(run - 1);
  }

  /** Returns the index of the run that has an address, or -1. */
  public int find(long address) {
    int at = Arrays.binarySearch(addresses, address);
    int run = at >= 0 ? at : -at - 2;
    return run >= 0 && address < end(run) ? run : -1;
  }

  /**
   * Returns the first address from {@code address} on that no run has, or the end of the requested
   * range.
   */
  public long firstAbsent(long address, long length) {
    int run = find(address);
    if (run < 0) {
      return address;
    }
    long end = end(run);
    // The second operand is the length that is left, so that nothing can overflow.
    while (end - address < length && adjoinsPrevious(run + 1)) {
      end = end(++run);
    }
    return end - address < length ? end : address + length;
  }

  /** Returns the parts of the runs that are RAM. */
  public MappedRuns within(RamRanges ram) {
    List<long[]> parts = new ArrayList<>();
    for (int run = 0; run < count(); run++) {
      int here = run;
      ram.forEach((address, length) -> {
        long start = Math.max(address, start(here));
        long end = Math.min(address + length, end(here));
        if (start < end) {
          parts.add(new long[] {start, end - start, offsetOf(here, start)});
        }
      });
    }
    return new MappedRuns(
        parts.stream().mapToLong(part -> part[0]).toArray(),
        parts.stream().mapToLong(part -> part[1]).toArray(),
        parts.stream().mapToLong(part -> part[2]).toArray());
  }

  /** Visits every run, runs that adjoin in memory as one. */
  public void forEachMerged(PhysicalMemory.RangeVisitor visitor) {
    for (int run = 0; run < count(); ) {
      long start = start(run);
      long end = end(run++);
      while (adjoinsPrevious(run)) {
        end = end(run++);
      }
      visitor.range(start, end - start);
    }
  }
}
