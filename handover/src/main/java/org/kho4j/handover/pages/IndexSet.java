package org.kho4j.handover.pages;

/**
 * A set of small integers as a bitmap, with a bitmap of its non-zero words above it, and so on up
 * to one word; so the first member, and the next after any, are a few steps away.
 */
final class IndexSet {

  private static final int NONE = Integer.MAX_VALUE;

  private final long[][] levels;
  private int first = NONE;

  /** A set of numbers below {@code universe}. */
  IndexSet(int universe) {
    int depth = 1;
    for (long reach = 64; reach < universe; reach <<= 6) {
      depth++;
    }
    levels = new long[depth][];
    int bits = universe;
    for (int level = 0; level < depth; level++) {
      bits = (int) ((bits + 63L) >>> 6);
      levels[level] = new long[bits];
    }
  }

  void add(int member) {
    first = Math.min(first, member);
    int bit = member;
    for (long[] words : levels) {
      int word = bit >>> 6;
      long before = words[word];
      words[word] = before | 1L << bit;
      if (before != 0) {
        return;
      }
      bit = word;
    }
  }

  void remove(int member) {
    int bit = member;
    for (long[] words : levels) {
      int word = bit >>> 6;
      words[word] &= ~(1L << bit);
      if (words[word] != 0) {
        break;
      }
      bit = word;
    }
    if (member == first) {
      int next = next(member);
      first = next < 0 ? NONE : next;
    }
  }

  boolean isEmpty() {
    return first == NONE;
  }

  /** Returns the least member; the set is not empty. */
  int first() {
    return first;
  }

  /** Returns the least member that is at least {@code from}, or -1. */
  int next(int from) {
    int bit = from;
    for (int level = 0; level < levels.length; level++) {
      int word = bit >>> 6;
      if (word >= levels[level].length) {
        return -1;
      }
      long rest = levels[level][word] & -1L << bit;
      if (rest != 0) {
        bit = word << 6 | Long.numberOfTrailingZeros(rest);
        for (int below = level - 1; below >= 0; below--) {
          bit = bit << 6 | Long.numberOfTrailingZeros(levels[below][bit]);
        }
        return bit;
      }
      bit = word + 1;
    }
    return -1;
  }
}
