package org.kho4j.memory.mapped;

import java.util.Arrays;

/** Runs of physical memory that lie contiguously in a file: sorted by address, disjoint. */
public final class MappedRuns {

  private final long[] addresses;
  private final long[] lengths;
  private final long[] offsets;

  /**
   * Takes runs over.
   *
   * @param addresses first physical address of each run, ascending
   * @param lengths bytes of each run, at least 1
   * @param offsets where each run starts in the file
   */
  public MappedRuns(long[] addresses, long[] lengths, long[] offsets) {
    this.addresses = addresses;
    this.lengths = lengths;
    this.offsets = offsets;
  }

  /** One run. */
  public static MappedRuns of(long address, long length, long offset) {
    return new MappedRuns(new long[] {address}, new long[] {length}, new long[] {offset});
  }

  /** The same runs, so many bytes further back in the file. */
  public MappedRuns behind(long bytes) {
    return new MappedRuns(
        addresses, lengths, Arrays.stream(offsets).map(offset -> offset + bytes).toArray());
  }

  int count() {
    return addresses.length;
  }

  long start(int run) {
    return addresses[run];
  }

  long end(int run) {
    return addresses[run] + lengths[run];
  }

  /** Where an address of a run is in the file. */
  long offsetOf(int run, long address) {
    return offsets[run] + (address - addresses[run]);
  }

  /** Whether a run goes on where the one before it ends. */
  boolean adjoinsPrevious(int run) {
    return run < addresses.length && addresses[run] == end(run - 1);
  }

  /** The run that has this address, or -1. */
  int find(long address) {
    int at = Arrays.binarySearch(addresses, address);
    int run = at >= 0 ? at : -at - 2;
    return run >= 0 && address < end(run) ? run : -1;
  }
}
