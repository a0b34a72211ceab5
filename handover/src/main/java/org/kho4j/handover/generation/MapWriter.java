package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;

/**
 * A preserved map that can be changed: the radix tree, as the kernel keeps it. Nodes are made when
 * a key first needs them, from the root down, and stay when their last key goes; an operation that
 * fails takes back the nodes that it made.
 */
final class MapWriter {

  static final String PATH = "/preserved-memory-map";

  private final Pages pages;
  private final PageSize pageSize;
  private final int depth;
  private final int leafBits;
  private final long root;

  // The leaf that each order was last found in.
  private final long[] leafPrefix;
  private final @Nullable MemorySegment[] leaves;

  private MapWriter(Pages pages, int depth, long root) {
    this.pages = pages;
    this.pageSize = pages.pageSize();
    this.depth = depth;
    this.leafBits = KhoRadix.leafBits(pageSize);
    this.root = root;
    this.leafPrefix = new long[KhoRadix.maxOrder(pageSize) + 1];
    this.leaves = new MemorySegment[leafPrefix.length];
  }

  /** An empty map. */
  static MapWriter create(Pages pages, KhoVersion version) {
    return new MapWriter(pages, version.map().depth(pages.pageSize()), pages.allocate(PATH, 0));
  }

  /** A map that is there, all of whose nodes have been checked. */
  static MapWriter over(Pages pages, KhoVersion version, long root) {
    return new MapWriter(pages, version.map().depth(pages.pageSize()), root);
  }

  /** Physical address of the root page. */
  long root() {
    return root;
  }

  /** Whether that block is in the map, as a block of that order. */
  boolean contains(long address, int order) {
    long key = KhoRadix.key(pageSize, address, order);
    MemorySegment leaf = leaf(key, order, false);
    return leaf != null && (word(leaf, key) >>> key & 1) != 0;
  }

  /** Adds a block. If it throws, nodes are all that it may have added. */
  void add(long address, int order) {
    long key = KhoRadix.key(pageSize, address, order);
    MemorySegment leaf = leaf(key, order, true);
    if (leaf == null) {
      throw new IllegalStateException("no leaf was made");
    }
    leaf.set(Wire.U64, wordOffset(key), word(leaf, key) | 1L << key);
  }

  /**
   * Removes a block.
   *
   * @return whether it was there
   */
  boolean remove(long address, int order) {
    long key = KhoRadix.key(pageSize, address, order);
    MemorySegment leaf = leaf(key, order, false);
    if (leaf == null || (word(leaf, key) >>> key & 1) == 0) {
      return false;
    }
    leaf.set(Wire.U64, wordOffset(key), word(leaf, key) & ~(1L << key));
    return true;
  }

  private long wordOffset(long key) {
    return (key & ((1L << leafBits) - 1)) >>> 6 << 3;
  }

  private long word(MemorySegment leaf, long key) {
    return leaf.get(Wire.U64, wordOffset(key));
  }

  private @Nullable MemorySegment leaf(long key, int order, boolean make) {
    long prefix = key >>> leafBits;
    MemorySegment leaf = leaves[order];
    if (leaf == null || leafPrefix[order] != prefix) {
      leaf = descend(key, make);
      leaves[order] = leaf;
      leafPrefix[order] = prefix;
    }
    return leaf;
  }

  private @Nullable MemorySegment descend(long key, boolean make) {
    MemorySegment node = pages.page(root);
    for (int level = depth - 1; level > 0; level--) {
      int shift = KhoRadix.levelShift(pageSize, level);
      long slotOffset = (key >>> shift & ((1L << KhoRadix.tableBits(pageSize)) - 1)) << 3;
      long child = node.get(Wire.U64, slotOffset);
      if (child == 0) {
        if (!make) {
          return null;
        }
        child = pages.allocate(nodePath(key, level - 1), 0);
        node.set(Wire.U64, slotOffset, child);
        MemorySegment parent = node;
        pages.journal().done(() -> cut(parent, slotOffset));
      }
      node = pages.page(child);
    }
    return node;
  }

  /** Takes a node back that an operation made, which failed: it has no key any more. */
  private void cut(MemorySegment parent, long slotOffset) {
    parent.set(Wire.U64, slotOffset, 0);
    Arrays.fill(leaves, null);
  }

  /**
   * A node is named by the first key that it stands for; one below another of the same key, by its
   * level too.
   */
  private String nodePath(long key, int level) {
    int shift = KhoRadix.levelShift(pageSize, level + 1);
    return nodePath(level, key >>> shift << shift);
  }

  static String nodePath(int level, long firstKey) {
    return PATH + "/level " + level + "/0x" + Long.toHexString(firstKey);
  }
}
