package org.kho4j.handover.pages;

import static org.kho4j.handover.pages.Blocks.FULL;
import static org.kho4j.handover.pages.Blocks.ORDERS;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The free pages, and the free blocks of every order.
 *
 * <p>Four bitmaps on top of each other: a bit of the lowest is a page, a bit of the next is a free
 * word below, that is 64 pages, then 4,096, then 2^18. Orders 0 to 5 live in the words of the
 * first, 6 to 11 in those of the second, 12 to 17 in the third; order 18 is a bit of the fourth.
 * Which blocks are free follows from the bits alone, so splitting and merging is clearing and
 * setting bits, and the same pages free is always the same state.
 *
 * <p>For every order there is the set of words in which it is the largest free block.
 */
final class FreeTree {

  static final int MAX_ORDER = 18;

  /** Pages of the largest block. */
  static final int CHUNK_PAGES = 1 << MAX_ORDER;

  private static final int TOP = 3;
  private static final int NONE = -1;
  private static final int PROBES = 8;

  private final long[][] bits = new long[TOP + 1][];
  private final IndexSet[] words = new IndexSet[MAX_ORDER + 1];
  private int orders;

  /** A tree over that many chunks, no page of which is free. */
  FreeTree(int chunks) {
    for (int level = 0; level < TOP; level++) {
      bits[level] = new long[chunks << (ORDERS * (TOP - 1 - level))];
    }
    bits[TOP] = new long[(chunks + 63) >>> 6];
    for (int order = 0; order <= MAX_ORDER; order++) {
      words[order] = new IndexSet(bits[order / ORDERS].length);
    }
  }

  /** Returns the bits of 64 pages, set for free pages. */
  long word(int index) {
    return bits[0][index];
  }

  boolean isFree(long page, int order) {
    int level = order / ORDERS;
    long mask = mask(page, level, order);
    return (bits[level][wordOf(page, level)] & mask) == mask;
  }

  /** Returns whether no page of a block is free. */
  boolean isAllTaken(long page, int order) {
    return Blocks.are(false, bits[0], page, order);
  }

  /** Takes those of 64 pages that are in the mask; taken pages stay taken. */
  void takeWord(int word, long mask) {
    set(0, word, bits[0][word] & ~mask);
  }

  /** Takes a block that is free. */
  void take(long page, int order) {
    int level = order / ORDERS;
    fillBelow(page, order, level, 0);
    int word = wordOf(page, level);
    set(level, word, bits[level][word] & ~mask(page, level, order));
  }

  /** Gives back a block of which no page is free. */
  void give(long page, int order) {
    int level = order / ORDERS;
    fillBelow(page, order, level, FULL);
    int word = wordOf(page, level);
    set(level, word, bits[level][word] | mask(page, level, order));
  }

  /**
   * Takes a block out of the first of the words whose largest block is the smallest that suffices.
   *
   * @return its first page, -1 if there is none
   */
  long take(int order) {
    int sufficient = orders & -1 << order;
    if (sufficient == 0) {
      return NONE;
    }
    int largest = Integer.numberOfTrailingZeros(sufficient);
    int level = largest / ORDERS;
    int word = words[largest].first();
    long value = bits[level][word];
    int own = order / ORDERS;
    if (level == own && level < TOP) {
      int inWord = order - ORDERS * own;
      int bit = Blocks.best(value, inWord);
      long page = pageOf(word, bit, level);
      fillBelow(page, order, level, 0);
      long left = value & ~Blocks.mask(bit, inWord);
      bits[level][word] = left;
      // the word was not full, so nothing changes above it
      move(word, largest, largest(level, left));
      return page;
    }
    int bit = level == TOP ? Long.numberOfTrailingZeros(value) : Blocks.best(value, 0);
    long page = pageOf(word, bit, level);
    take(page, order);
    return page;
  }

  /**
   * Returns the first page of a free block somewhere between two pages, -1 if there is none at all.
   *
   * @param first first page at which a block may begin
   * @param end end of the pages at which a block may begin
   */
  long findAnywhere(int order, SplittableRandom random, long first, long end) {
    if ((orders & -1 << order) == 0) {
      return NONE;
    }
    long block = first >>> order;
    long bound = Math.max(end >>> order, block + 1);
    long page = 0;
    for (int probe = 0; probe < PROBES; probe++) {
      page = random.nextLong(block, bound) << order;
      if (isFree(page, order)) {
        return page;
      }
    }
    return findAfter(page, order, random);
  }

  private long findAfter(long page, int order, SplittableRandom random) {
    int nearest = NONE;
    int level = 0;
    long least = Long.MAX_VALUE;
    for (int left = orders & -1 << order; left != 0; left &= left - 1) {
      int largest = Integer.numberOfTrailingZeros(left);
      int at = largest / ORDERS;
      int word = words[largest].next(wordOf(page, at));
      long distance = 0;
      if (word == NONE) {
        word = words[largest].first();
        distance = (long) bits[0].length << ORDERS;
      }
      distance += pageOf(word, 0, at) - page;
      if (distance < least) {
        least = distance;
        nearest = word;
        level = at;
      }
    }
    boolean own = level == order / ORDERS;
    long candidates =
        own && level < TOP
            ? Blocks.free(bits[level][nearest], order % ORDERS)
            : bits[level][nearest];
    long block = pageOf(nearest, anyBit(candidates, random), level);
    return own ? block : block + (random.nextLong(1L << (ORDERS * level - order)) << order);
  }

  private static int anyBit(long word, SplittableRandom random) {
    long rest = word;
    for (int skip = random.nextInt(Long.bitCount(word)); skip > 0; skip--) {
      rest &= rest - 1;
    }
    return Long.numberOfTrailingZeros(rest);
  }

  /** Counts the free blocks of an order that are not part of a larger one. */
  long count(int order) {
    int level = order / ORDERS;
    long count = 0;
    for (long word : bits[level]) {
      if (level == TOP) {
        count += Long.bitCount(word);
      } else if (word != 0 && word != FULL) {
        count += Blocks.countAlone(word, order % ORDERS);
      }
    }
    return count;
  }

  private void fillBelow(long page, int order, int level, long value) {
    long end = page + (1L << order);
    for (int below = 0; below < level; below++) {
      Arrays.fill(bits[below], wordOf(page, below), wordOf(end, below), value);
    }
  }

  private void set(int level, int word, long value) {
    long before = bits[level][word];
    bits[level][word] = value;
    move(word, largest(level, before), largest(level, value));
    if ((before == FULL) != (value == FULL)) {
      setAbove(level, word);
    }
  }

  private void setAbove(int below, int wordBelow) {
    int word = wordBelow;
    for (int level = below + 1; level <= TOP; level++) {
      long bit = 1L << word;
      word >>>= 6;
      long before = bits[level][word];
      long value = before ^ bit;
      bits[level][word] = value;
      move(word, largest(level, before), largest(level, value));
      if ((before == FULL) == (value == FULL)) {
        return;
      }
    }
  }

  private void move(int word, int from, int to) {
    if (from == to) {
      return;
    }
    if (from != NONE) {
      IndexSet set = words[from];
      set.remove(word);
      if (set.isEmpty()) {
        orders &= ~(1 << from);
      }
    }
    if (to != NONE) {
      words[to].add(word);
      orders |= 1 << to;
    }
  }

  /**
   * Returns the order by which a word is found; a full one is found as a bit of the level above.
   */
  private static int largest(int level, long word) {
    if (word == 0) {
      return NONE;
    }
    if (level == TOP) {
      return MAX_ORDER;
    }
    return word == FULL ? NONE : level * ORDERS + Blocks.largest(word);
  }

  private static long mask(long page, int level, int order) {
    return Blocks.mask(page >>> (ORDERS * level), order - ORDERS * level);
  }

  private static int wordOf(long page, int level) {
    return (int) (page >>> (ORDERS * (level + 1)));
  }

  private static long pageOf(int word, int bit, int level) {
    return ((long) word << 6 | bit) << (ORDERS * level);
  }
}
