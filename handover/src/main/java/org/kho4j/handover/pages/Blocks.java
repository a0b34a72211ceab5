package org.kho4j.handover.pages;

/**
 * Blocks inside of one 64-bit word in which a set bit is a free unit. A block of order r is 2^r
 * units on a multiple of 2^r, so all of them are found with a few shifts.
 */
final class Blocks {

  /** Orders of blocks smaller than a word. */
  static final int ORDERS = 6;

  static final long FULL = -1L;

  private static final int LAST_UNIT = Long.SIZE - 1;

  // where blocks of each order begin
  private static final long START_1 = 0x5555555555555555L;
  private static final long START_2 = 0x1111111111111111L;
  private static final long START_3 = 0x0101010101010101L;
  private static final long START_4 = 0x0001000100010001L;
  private static final long START_5 = 0x0000000100000001L;
  private static final long[] STARTS = {FULL, START_1, START_2, START_3, START_4, START_5};

  private Blocks() {}

  /** Returns the first bits of all free blocks of an order from 0 to 5. */
  static long free(long word, int order) {
    long blocks = word;
    for (int below = 0; below < order; below++) {
      blocks = pairs(blocks, below);
    }
    return blocks;
  }

  /**
   * Returns the order of the largest free block, from 0 to 5, in a word that is neither 0 nor full.
   */
  static int largest(long word) {
    long pairs = word & word >>> 1 & START_1;
    long fours = pairs & pairs >>> 2 & START_2;
    long eights = fours & fours >>> 4 & START_3;
    long sixteens = eights & eights >>> 8 & START_4;
    long halves = sixteens & sixteens >>> 16 & START_5;
    // no branches: they would be unpredictable, and this runs at every change of a word
    return one(pairs) + one(fours) + one(eights) + one(sixteens) + one(halves);
  }

  private static int one(long blocks) {
    return blocks != 0 ? 1 : 0;
  }

  /**
   * Returns the first bit of the block to take an order from: the lowest of the smallest blocks
   * that suffice, so that larger ones stay whole. The word has one, and is not full.
   */
  static int best(long word, int order) {
    long pairs = word & word >>> 1 & START_1;
    long alone = word & ~(pairs | pairs << 1);
    if (alone != 0 && order == 0) {
      return Long.numberOfTrailingZeros(alone);
    }
    long fours = pairs & pairs >>> 2 & START_2;
    alone = pairs & ~(fours | fours << 2);
    if (alone != 0 && order <= 1) {
      return Long.numberOfTrailingZeros(alone);
    }
    long eights = fours & fours >>> 4 & START_3;
    alone = fours & ~(eights | eights << 4);
    if (alone != 0 && order <= 2) {
      return Long.numberOfTrailingZeros(alone);
    }
    long sixteens = eights & eights >>> 8 & START_4;
    alone = eights & ~(sixteens | sixteens << 8);
    if (alone != 0 && order <= 3) {
      return Long.numberOfTrailingZeros(alone);
    }
    long halves = sixteens & sixteens >>> 16 & START_5;
    alone = sixteens & ~(halves | halves << 16);
    return Long.numberOfTrailingZeros(alone != 0 && order <= 4 ? alone : halves);
  }

  /** Counts the free blocks of an order that are not part of a larger one. */
  static int countAlone(long word, int order) {
    long blocks = free(word, order);
    long larger = pairs(blocks, order);
    return Long.bitCount(blocks & ~(larger | larger << (1 << order)));
  }

  /** Returns the bits of a block of an order from 0 to 5. */
  static long mask(long unit, int order) {
    return ((1L << (1 << order)) - 1) << unit;
  }

  /**
   * Returns whether all bits of a block of any order, in the words of a bitmap, are clear or are
   * set.
   */
  static boolean are(boolean set, long[] words, long unit, int order) {
    long mask = order < ORDERS ? mask(unit, order) : FULL;
    long expected = set ? mask : 0;
    int end = (int) ((unit + (1L << order) + LAST_UNIT) >>> ORDERS);
    for (int word = (int) (unit >>> ORDERS); word < end; word++) {
      if ((words[word] & mask) != expected) {
        return false;
      }
    }
    return true;
  }

  private static long pairs(long blocks, int order) {
    return order == ORDERS - 1 ? 0 : blocks & blocks >>> (1 << order) & STARTS[order + 1];
  }
}
