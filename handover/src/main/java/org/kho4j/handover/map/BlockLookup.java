package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;

/**
 * Looks blocks up by their radix key, in leaves of a tree or in bitmaps: both have a bit for each
 * of a fixed number of consecutive keys.
 */
abstract class BlockLookup implements PreservedMap.Lookup {

  private static final int REMEMBERED = 1024;

  private final PageSize pageSize;
  private final int leafBits;
  private final int maxOrder;
  private final long[] leafPrefix = new long[REMEMBERED];
  private final @Nullable MemorySegment[] leaves = new @Nullable MemorySegment[REMEMBERED];

  /**
   * A lookup.
   *
   * @param leafBits binary logarithm of the bits in a leaf
   * @param maxOrder the largest order that a block of the map can have
   */
  BlockLookup(PageSize pageSize, int leafBits, int maxOrder) {
    this.pageSize = pageSize;
    this.leafBits = leafBits;
    this.maxOrder = maxOrder;
  }

  @Override
  public final int orderAt(long address) {
    if (!pageSize.isAligned(address) || address >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      return -1;
    }
    int highest = Math.min(maxOrder, Long.numberOfTrailingZeros(address >>> pageSize.shift()));
    for (int order = highest; order >= 0; order--) {
      if (isPreserved(address, order)) {
        return order;
      }
    }
    return -1;
  }

  @Override
  public final boolean isPreserved(long address, int order) {
    if (order > maxOrder
        || (address & (pageSize.blockBytes(order) - 1)) != 0
        || address >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      return false;
    }
    long key = KhoRadix.key(pageSize, address, order);
    long prefix = key >>> leafBits;
    // Neighbouring leaves take neighbouring slots; orders are far from each other.
    int slot = (int) (prefix + 37L * order) & (REMEMBERED - 1);
    MemorySegment leaf = leaves[slot];
    if (leaf == null || leafPrefix[slot] != prefix) {
      leaf = find(key);
      leaves[slot] = leaf;
      leafPrefix[slot] = prefix;
    }
    if (leaf.byteSize() == 0) {
      return false;
    }
    int bit = (int) (key & ((1L << leafBits) - 1));
    return (leaf.get(StructureView.U64, bit >>> 6 << 3) >>> bit & 1) != 0;
  }

  /** Finds the leaf that has a key's bit; an empty segment if there is none. */
  abstract MemorySegment find(long key);
}
