package org.kho4j.handover.map;

import org.kho4j.memory.Runs;

/**
 * Blocks of an area that are looked up together. The blocks are scattered, so each lookup of a bit
 * is a cache miss; in a loop of lookups alone the processor waits for several misses at once.
 */
public final class BlockBatch {

  /** Blocks that a batch has room for. */
  public static final int MOST = 1024;

  private final long[] addresses = new long[MOST];
  private int count;

  /** A batch of no blocks. */
  public BlockBatch() {}

  /** Returns the number of blocks that still fit. */
  public int room() {
    return MOST - count;
  }

  public void add(long address) {
    addresses[count++] = address;
  }

  /**
   * Adds the blocks of runs, from one on as long as all of the next fits.
   *
   * @param first a run
   * @return the run after the last one that was added
   */
  public int addRuns(Runs runs, int first, long blockBytes) {
    int added = count;
    int run = first;
    for (; run < runs.count(); run++) {
      long address = runs.address(run);
      long bytes = runs.length(run);
      if (bytes > (MOST - added) * blockBytes || (bytes & (blockBytes - 1)) != 0) {
        break;
      }
      for (long end = address + bytes; address < end; address += blockBytes) {
        addresses[added++] = address;
      }
    }
    count = added;
    return run;
  }

  public void clear() {
    count = 0;
  }

  public int count() {
    return count;
  }

  /** Returns the array of physical addresses, not a copy; the first {@link #count} are blocks. */
  public long[] addresses() {
    return addresses;
  }
}
