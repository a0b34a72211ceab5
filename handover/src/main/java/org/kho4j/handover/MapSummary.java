package org.kho4j.handover;

import org.kho4j.abi.PageSize;

/**
 * What a preserved map holds.
 *
 * @param pageSize of the kernel that wrote it
 * @param nodes pages of the tree, leaves included
 * @param blocks number of preserved blocks by order
 */
public record MapSummary(PageSize pageSize, long nodes, long[] blocks) {

  /** Preserved blocks in all. */
  public long preservations() {
    long sum = 0;
    for (long count : blocks) {
      sum += count;
    }
    return sum;
  }

  /** Bytes in all blocks; what overlapping blocks share counts for each. */
  public long bytes() {
    long sum = 0;
    for (int order = 0; order < blocks.length; order++) {
      sum += blocks[order] * pageSize.blockBytes(order);
    }
    return sum;
  }
}
