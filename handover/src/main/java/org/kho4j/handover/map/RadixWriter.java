package org.kho4j.handover.map;

import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;

/** Writes the radix tree, which is handed over in place. Nodes are made from the root down. */
final class RadixWriter extends MapWriter {

  private final int depth;
  private final long root;

  RadixWriter(MapPages pages, MapForm form, long root) {
    super(pages, KhoRadix.leafBits(pages.pageSize()), maxOrder(pages.pageSize(), form));
    this.depth = form.depth(pageSize);
    this.root = root;
  }

  /**
   * Returns the largest order: in a tree that loses the bit of order 0, the largest whose keys
   * differ from those of order 0.
   */
  private static int maxOrder(PageSize pageSize, MapForm form) {
    return KhoRadix.losesOrderZero(pageSize, form.depth(pageSize))
        ? KhoRadix.MAX_ORDER_BESIDE_LOST_BIT
        : KhoRadix.maxOrder(pageSize);
  }

  @Override
  public long root() {
    return root;
  }

  @Override
  public long finish() {
    return root;
  }

  @Override
  long descend(long key, boolean make) {
    long node = root;
    for (int level = depth - 1; level > 0; level--) {
      long slot = node - base + ((long) KhoRadix.index(pageSize, level, key) << 3);
      long child = memory.get(StructureView.U64, slot);
      if (child == NONE) {
        if (!make) {
          return NONE;
        }
        child = pages.allocateZeroed(nodePath(key, level - 1), 0);
        memory.set(StructureView.U64, slot, child);
        pages.done(() -> cut(slot));
      }
      node = child;
    }
    return node;
  }

  /** Removes a node that a failed operation made and that has no key. */
  private void cut(long slot) {
    memory.set(StructureView.U64, slot, NONE);
    forget();
  }

  /**
   * Returns the path of a node, which has the node's first key; where the parent has the same key,
   * also the level.
   */
  private String nodePath(long key, int level) {
    int shift = KhoRadix.levelShift(pageSize, level + 1);
    return nodePath(level, key >>> shift << shift);
  }
}
