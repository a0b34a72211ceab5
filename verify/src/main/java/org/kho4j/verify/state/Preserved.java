package org.kho4j.verify.state;

import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;

/** The preserved map's record of each page. */
public final class Preserved {

  private final PageSize pageSize;
  private final PageBits pages;
  private final PageBits singles;
  private PreservedMap.@Nullable Lookup lookup;
  private boolean isWhole = true;

  public Preserved(PageSpace space, Arena arena) {
    this.pageSize = space.pageSize();
    this.pages = new PageBits(space, arena);
    this.singles = new PageBits(space, arena);
  }

  /** Records that the whole map was walked and is sound. */
  public void walked(PreservedMap map) {
    lookup = map.lookup();
  }

  /** Returns whether the preserved pages are known: a broken map is no evidence for any page. */
  public boolean isKnown() {
    return lookup != null;
  }

  /** Records that the map has a block that cannot be in memory, so that its pages are unknown. */
  public void impossibleBlock() {
    isWhole = false;
  }

  /** Returns whether every block of the map is among the preserved pages. */
  public boolean isWhole() {
    return isWhole;
  }

  /** Returns the pages in preserved blocks. */
  public PageBits pages() {
    return pages;
  }

  /**
   * Returns the address of the first page of a range that is not preserved; -1 if there is none, or
   * if the preserved pages are not known. Behind a page in a block outside of memory, which is none
   * of {@link #pages}, nothing is looked for.
   *
   * @param size bytes, at least 1
   */
  public long firstNotPreserved(long address, long size) {
    if (!isKnown()) {
      return -1;
    }
    long first = address >>> pageSize.shift();
    long count = ((address + size - 1) >>> pageSize.shift()) - first + 1;
    long missing = pages.first(first, count, false);
    return missing < 0 || orderAround(missing << pageSize.shift()) >= 0
        ? -1
        : missing << pageSize.shift();
  }

  /** Returns the address of the first preserved page of a range of whole pages; -1 if none is. */
  public long firstPreserved(AddressRange range) {
    int shift = pageSize.shift();
    long first = pages.first(range.address() >>> shift, range.length() >>> shift, true);
    return first < 0 ? -1 : first << shift;
  }

  /** Returns the pages that are blocks of order 0. */
  public PageBits singles() {
    return singles;
  }

  /** Returns whether exactly that block is preserved. */
  public boolean isBlock(long address, int order) {
    PreservedMap.Lookup found = lookup;
    if (found == null
        || (address & (pageSize.blockBytes(order) - 1)) != 0
        || address >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      return false;
    }
    try {
      return (order == 0 && singles.has(address >>> pageSize.shift()))
          || found.isPreserved(address, order);
    } catch (HandoverException e) {
      return false;
    }
  }

  /**
   * Returns the order of the block that starts there, the lowest if there are several; -1 if none
   * does.
   */
  public int orderAt(long address) {
    for (int order = 0; order <= KhoRadix.maxOrder(pageSize); order++) {
      if ((address & (pageSize.blockBytes(order) - 1)) != 0) {
        return -1;
      }
      if (isBlock(address, order)) {
        return order;
      }
    }
    return -1;
  }

  /** Returns the order of the smallest block that has that address in it; -1 if none has. */
  public int orderAround(long address) {
    for (int order = 0; order <= KhoRadix.maxOrder(pageSize); order++) {
      if (isBlock(address & -pageSize.blockBytes(order), order)) {
        return order;
      }
    }
    return -1;
  }

  /** Describes the map's record of an address, for a message. */
  public String describe(long address) {
    int order = orderAround(address);
    if (order < 0) {
      return "is not preserved";
    }
    long block = address & -pageSize.blockBytes(order);
    return block == address
        ? "is preserved as a block of order " + order
        : "is inside a preserved block of order %d at 0x%x".formatted(order, block);
  }
}
