package org.kho4j.handover.handmade;

import org.kho4j.abi.PageSize;

/**
 * Writes a preserved map by the contract's formulas (ABI-HISTORY 6.2.2), one key at a time: the
 * other way round than the reader works, and with numbers of its own.
 */
public final class Radix {

  private final SparseMemory memory;
  private final int shift;
  private final int depth;
  private final long root;
  private long nextPage;
  private int pages;

  /** A tree whose root page is at {@code root}, and whose other pages follow it as needed. */
  public Radix(SparseMemory memory, PageSize pageSize, long root) {
    this(
        memory,
        pageSize,
        root,
        switch (pageSize) {
          case SIZE_4K -> 6;
          case SIZE_16K -> 5;
          case SIZE_64K -> 4;
        });
  }

  /** A tree of so many levels. */
  public Radix(SparseMemory memory, PageSize pageSize, long root, int depth) {
    this.memory = memory;
    this.shift = pageSize.shift();
    this.depth = depth;
    this.root = root;
    this.nextPage = root;
    page();
  }

  /** A tree of a whole handover, over memory that its fixture has. */
  private long page() {
    long page = nextPage;
    nextPage += 1L << shift;
    memory.zeros(page, 1L << shift);
    pages++;
    return page;
  }

  public long root() {
    return root;
  }

  public int pages() {
    return pages;
  }

  public Radix preserve(long address, int order) {
    return key(1L << (64 - shift - order) | address >>> (shift + order));
  }

  /** Sets the bit of a key, whatever it says. */
  public Radix key(long key) {
    long bit = key & (1L << (shift + 3)) - 1;
    long word = leaf(key) + bit / 64 * 8;
    memory.put64(word, memory.get64(word) | 1L << bit % 64);
    return this;
  }

  /** Address of the leaf that a key is in; made if there is none. */
  public long leaf(long key) {
    return node(key, 0);
  }

  /** Address of the page of a level on the way to a key; made if there is none. */
  public long node(long key, int level) {
    long page = root;
    for (int at = depth - 1; at > level; at--) {
      long slot =
          page + 8 * (key >>> (shift + 3 + (at - 1) * (shift - 3)) & (1L << (shift - 3)) - 1);
      long child = memory.get64(slot);
      if (child == 0) {
        child = page();
        memory.put64(slot, child);
      }
      page = child;
    }
    return page;
  }
}
