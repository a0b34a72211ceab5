package org.kho4j.handover.map;

import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;

/** The number of blocks of each order. */
public final class OrderCounts {

  private final PageSize pageSize;
  private final long[] counts;

  public OrderCounts(PageSize pageSize) {
    this.pageSize = pageSize;
    this.counts = new long[KhoRadix.maxOrder(pageSize) + 1];
  }

  /** Counts {@code blocks} more of an order that physical memory can have. */
  public void add(int order, long blocks) {
    counts[order] += blocks;
  }

  OrderCounts addAll(OrderCounts other) {
    for (int order = 0; order < counts.length; order++) {
      counts[order] += other.counts[order];
    }
    return this;
  }

  /** Returns the number of blocks of all orders. */
  public long total() {
    long sum = 0;
    for (long count : counts) {
      sum += count;
    }
    return sum;
  }

  /** Returns the bytes in all blocks; bytes that overlapping blocks share count for each block. */
  public long bytes() {
    long sum = 0;
    for (int order = 0; order < counts.length; order++) {
      sum += counts[order] * pageSize.blockBytes(order);
    }
    return sum;
  }

  /** Takes an order that has blocks. */
  @FunctionalInterface
  public interface Visitor {
    /** Takes one order: each of its {@code blocks} is {@code blockBytes} large. */
    void order(int order, long blockBytes, long blocks);
  }

  /** Visits the orders that have blocks, ascending. */
  public void forEach(Visitor visitor) {
    for (int order = 0; order < counts.length; order++) {
      if (counts[order] != 0) {
        visitor.order(order, pageSize.blockBytes(order), counts[order]);
      }
    }
  }
}
