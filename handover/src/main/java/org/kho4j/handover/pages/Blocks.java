package org.kho4j.handover.pages;

/**
 * Blocks inside of one 64-bit word in which a set bit is a free unit. A block of order r is 2^r
 * units on a multiple of 2^r, so all of them are found with a few shifts.
 */
final class Blocks {

  /** Orders that a word holds below the one that is all of it. */
  static final int ORDERS = 6;

  static final long FULL = -1L;

  // where blocks of each order begin
  private static final long[] STARTS = {
    -1L,
    0x5555555555555555L,
    0x1111111111111111L,
    0x0101010101010101L,
    0x0001000100010001L,
    0x0000000100000001L,
  };

  private Blocks() {}

  /** The first bits of all free blocks of an order from 0 to 5. */
  static long free(long word, int order) {
    long blocks = word;
    for (int below = 0; below < order; below++) {
      blocks = pairs(blocks, below);
    }
    return blocks;
  }

  /** The order of the largest free block, from 0 to 5, in a word that is neither 0 nor full. */
  static int largest(long word) {
    long blocks = word & word >>> 1 & STARTS[1];
    if (blocks == 0) {
      return 0;
    }
    blocks = blocks & blocks >>> 2 & STARTS[2];
    if (blocks == 0) {
      return 1;
    }
    blocks = blocks & blocks >>> 4 & STARTS[3];
    if (blocks == 0) {
      return 2;
    }
    blocks = blocks & blocks >>> 8 & STARTS[4];
    if (blocks == 0) {
      return 3;
    }
    return (blocks & blocks >>> 16 & STARTS[5]) == 0 ? 4 : 5;
  }

  /**
   * The first bit of the block to take an order from: the lowest of the smallest blocks that
   * suffice, so that larger ones stay whole. The word has one, and is not full.
   */
  static int best(long word, int order) {
    long blocks = free(word, order);
    for (int size = order; ; size++) {
      long larger = pairs(blocks, size);
      long alone = blocks & ~(larger | larger << (1 << size));
      if (alone != 0) {
        return Long.numberOfTrailingZeros(alone);
      }
      blocks = larger;
    }
  }

  /** How many free blocks of an order are not part of a larger one. */
  static int countAlone(long word, int order) {
    long blocks = free(word, order);
    long larger = pairs(blocks, order);
    return Long.bitCount(blocks & ~(larger | larger << (1 << order)));
  }

  /** The bits of a block of an order from 0 to 5. */
  static long mask(long unit, int order) {
    return ((1L << (1 << order)) - 1) << unit;
  }

  private static long pairs(long blocks, int order) {
    return order == ORDERS - 1 ? 0 : blocks & blocks >>> (1 << order) & STARTS[order + 1];
  }
}
