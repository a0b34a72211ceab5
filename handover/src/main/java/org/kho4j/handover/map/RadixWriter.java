package org.kho4j.handover.map;

import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;

/** The radix tree, which is handed over in place. Nodes are made from the root down. */
final class RadixWriter extends MapWriter {

  private final int depth;
  private final long root;

  RadixWriter(MapPages pages, MapForm form, long root) {
    super(pages, KhoRadix.leafBits(pages.pageSize()), maxOrder(pages.pageSize(), form));
    this.depth = form.depth(pageSize);
    this.root = root;
  }

  /** Of a tree that loses the bit of order 0, as much as can be told from order 0. */
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

  /** Takes a node back that an operation made, which failed: it has no key any more. */
  private void cut(long slot) {
    memory.set(StructureView.U64, slot, NONE);
    forget();
  }

  /**
   * A node is named by the first key that it stands for; one below another of the same key, by its
   * level too.
   */
  private String nodePath(long key, int level) {
    int shift = KhoRadix.levelShift(pageSize, level + 1);
    return nodePath(level, key >>> shift << shift);
  }
}
