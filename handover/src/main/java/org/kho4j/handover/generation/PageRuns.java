package org.kho4j.handover.generation;

import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * How a run of pages becomes blocks, by the rule of the kernel's {@code kho_preserve_pages}: from
 * the front, each block as large as its address is aligned and the rest is long. Since 7.1 a block
 * never spans NUMA nodes: its order is lowered until its first and last page are on one node.
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
    long end = address + bytes;
    for (long at = address; at < end; ) {
      int order = pageSize.largestOrder(at, end - at);
      while (order > 0 && !nodes.isEmpty() && spansNodes(at, pageSize.blockBytes(order), nodes)) {
        order--;
      }
      visitor.block(at, order);
      at += pageSize.blockBytes(order);
    }
  }

  private static boolean spansNodes(long address, long bytes, List<AddressRange> nodes) {
    return node(address, nodes) != node(address + bytes - 1, nodes);
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
