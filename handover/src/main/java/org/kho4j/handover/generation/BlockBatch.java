package org.kho4j.handover.generation;

/**
 * Blocks of an area that are looked up together. Each lies somewhere else, so each bit that is
 * looked at is one more cache miss; in a loop that does nothing else the processor waits for
 * several of them at once.
 */
final class BlockBatch {

  /** Blocks that one has room for. */
  static final int MOST = 256;

  private final long[] addresses = new long[MOST];
  private int count;

  boolean isEmpty() {
    return count == 0;
  }

  /** How many blocks still fit. */
  int room() {
    return MOST - count;
  }

  void add(long address) {
    addresses[count++] = address;
  }

  void clear() {
    count = 0;
  }

  int count() {
    return count;
  }

  /** Physical addresses, of which the first {@link #count} are blocks. Not a copy. */
  long[] addresses() {
    return addresses;
  }
}
