package org.kho4j.handover.generation;

import org.kho4j.abi.PageSize;

/**
 * A block of 2^order pages that a generation owns.
 *
 * @param address physical address, a multiple of the block's size
 * @param order binary logarithm of its pages
 */
public record Folio(long address, int order) {

  /** Returns the size in bytes. */
  public long bytes(PageSize pageSize) {
    return pageSize.blockBytes(order);
  }
}
