package org.kho4j.handover.generation;

import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * Splits a run of pages into blocks, by the rule of the kernel's {@code kho_preserve_pages}: from
 * the front, each block as large as the alignment of its address and the length of the rest allow.
 * Since 7.1 a block never spans NUMA nodes: its order is lowered until its first and last page are
 * on one node.
 */
final class PageRuns {

  /** Takes a block. */
  @FunctionalInterface
  interface BlockVisitor {
    void block(long address, int order);
  }

  private PageRuns() {}

  /**
   * Visits the blocks of a run.
   *
   * @param address page aligned
   * @param bytes a multiple of the page size
   * @param nodes the memory of each NUMA node; none means that there is one
   */
  static void forEachBlock(
      PageSize pageSize, long address, long bytes, List<AddressRange> nodes, BlockVisitor visitor) {
    long page = address >>> pageSize.shift();
    long end = page + (bytes >>> pageSize.shift());
    while (page < end) {
      int order =
          Math.min(Long.numberOfTrailingZeros(page), 63 - Long.numberOfLeadingZeros(end - page));
      if (!nodes.isEmpty()) {
        while (order > 0 && spansNodes(page, order, pageSize, nodes)) {
          order--;
        }
      }
      visitor.block(page << pageSize.shift(), order);
      page += 1L << order;
    }
  }

  private static boolean spansNodes(
      long page, int order, PageSize pageSize, List<AddressRange> nodes) {
    long last = page + (1L << order) - 1;
    return node(page << pageSize.shift(), nodes) != node(last << pageSize.shift(), nodes);
  }

  private static int node(long address, List<AddressRange> nodes) {
    for (int i = 0; i < nodes.size(); i++) {
      AddressRange node = nodes.get(i);
      if (address >= node.address() && address < node.end()) {
        return i;
      }
    }
    return -1;
  }
}
