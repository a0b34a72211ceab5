package org.kho4j.handover.pages;

import java.util.List;

/**
 * The free pages of an allocator.
 *
 * @param pages all that it manages, free and taken
 * @param freePages those that are free
 * @param freeBlocks numbers of free blocks of each order from 0 to 18; the halves of a free block
 *     are not counted again
 */
public record PageStatistics(long pages, long freePages, List<Long> freeBlocks) {

  /** Returns the largest order that can be allocated, or -1 if nothing is free. */
  public int largestOrder() {
    for (int order = freeBlocks.size() - 1; order >= 0; order--) {
      if (freeBlocks.get(order) > 0) {
        return order;
      }
    }
    return -1;
  }
}
