package org.kho4j.handover.pages;

import java.util.Arrays;

/** A set of pages, as a bitmap. */
final class PageSet {

  private final long[] words;

  PageSet(long pages) {
    words = new long[(int) (pages >>> 6)];
  }

  /** Returns the bits of 64 pages. */
  long word(int index) {
    return words[index];
  }

  void add(long page, int order) {
    if (order < Blocks.ORDERS) {
      words[(int) (page >>> 6)] |= Blocks.mask(page, order);
    } else {
      Arrays.fill(words, (int) (page >>> 6), (int) ((page + (1L << order)) >>> 6), Blocks.FULL);
    }
  }

  void remove(int index, long mask) {
    words[index] &= ~mask;
  }

  /** Returns whether all pages of a block are in the set. */
  boolean hasAll(long page, int order) {
    return Blocks.are(true, words, page, order);
  }

  /** Returns whether no page of a block is in the set. */
  boolean hasNone(long page, int order) {
    return Blocks.are(false, words, page, order);
  }
}
