package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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

  private static final int FOUND = 1 << 12;

  /** The address that means that there is no node. */
  private static final long NONE = 0;

  private final Pages pages;
  private final PageSize pageSize;
  private final int depth;
  private final int leafBits;
  private final long root;

  // Leaves that were found, by the low bits of what their keys have in common: an area may be
  // scattered over more memory than one leaf stands for. An address of 0 is no leaf's.
  private final MemorySegment memory;
  private final long base;
  private final long[] foundPrefix = new long[FOUND];
  private final long[] foundLeaf = new long[FOUND];

  // Where in the memory the words of a batch are.
  private final long[] batchWords = new long[BlockBatch.MOST];

  private MapWriter(Pages pages, int depth, long root) {
    this.pages = pages;
    this.base = pages.memory().base();
    this.memory = pages.memory().writable(base, pages.memory().size());
    this.pageSize = pages.pageSize();
    this.depth = depth;
    this.leafBits = KhoRadix.leafBits(pageSize);
    this.root = root;
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
    long leaf = leaf(key, false);
    return leaf != NONE && (memory.get(Wire.U64, word(leaf, key)) >>> key & 1) != 0;
  }

  /** Adds a block. If it throws, nodes are all that it may have added. */
  void add(long address, int order) {
    long key = KhoRadix.key(pageSize, address, order);
    long word = word(leaf(key, true), key);
    memory.set(Wire.U64, word, memory.get(Wire.U64, word) | 1L << key);
  }

  /**
   * Removes a block.
   *
   * @return whether it was there
   */
  boolean remove(long address, int order) {
    long key = KhoRadix.key(pageSize, address, order);
    long leaf = leaf(key, false);
    if (leaf == NONE) {
      return false;
    }
    long word = word(leaf, key);
    long bits = memory.get(Wire.U64, word);
    if ((bits >>> key & 1) == 0) {
      return false;
    }
    memory.set(Wire.U64, word, bits & ~(1L << key));
    return true;
  }

  /** Adds blocks. If it throws, nodes are all that it may have added. */
  void add(BlockBatch blocks, int order) {
    findWords(blocks, order, true);
    setBits(blocks, order);
  }

  /**
   * Removes blocks.
   *
   * @return whether all of them were there, and each is in the batch once; if not, none was removed
   */
  boolean remove(BlockBatch blocks, int order) {
    if (!findWords(blocks, order, false)) {
      return false;
    }
    long[] addresses = blocks.addresses();
    int shift = pageSize.shift() + order;
    long there = 1;
    for (int i = 0; i < blocks.count(); i++) {
      there &= memory.get(Wire.U64, batchWords[i]) >>> (addresses[i] >>> shift);
    }
    if (there == 0) {
      return false;
    }
    for (int i = 0; i < blocks.count(); i++) {
      long bits = memory.get(Wire.U64, batchWords[i]);
      there &= bits >>> (addresses[i] >>> shift);
      memory.set(Wire.U64, batchWords[i], bits & ~(1L << (addresses[i] >>> shift)));
    }
    if (there == 0) {
      setBits(blocks, order);
      return false;
    }
    return true;
  }

  /** Finds where the bits of blocks are; false if a leaf is not there. */
  private boolean findWords(BlockBatch blocks, int order, boolean make) {
    long[] addresses = blocks.addresses();
    for (int i = 0; i < blocks.count(); i++) {
      long key = KhoRadix.key(pageSize, addresses[i], order);
      long leaf = leaf(key, make);
      if (leaf == NONE) {
        return false;
      }
      batchWords[i] = word(leaf, key);
    }
    return true;
  }

  /** Sets the bits whose words were found. The low bits of a key are those of the address. */
  private void setBits(BlockBatch blocks, int order) {
    long[] addresses = blocks.addresses();
    int shift = pageSize.shift() + order;
    for (int i = 0; i < blocks.count(); i++) {
      long bits = memory.get(Wire.U64, batchWords[i]);
      memory.set(Wire.U64, batchWords[i], bits | 1L << (addresses[i] >>> shift));
    }
  }

  /** Where in the memory the word is that has a key's bit. */
  private long word(long leaf, long key) {
    return leaf - base + ((key & ((1L << leafBits) - 1)) >>> 6 << 3);
  }

  /** Physical address of the leaf for a key. */
  private long leaf(long key, boolean make) {
    long prefix = key >>> leafBits;
    int slot = (int) prefix & (FOUND - 1);
    if (foundPrefix[slot] == prefix && foundLeaf[slot] != NONE) {
      return foundLeaf[slot];
    }
    long leaf = descend(key, make);
    foundLeaf[slot] = leaf;
    foundPrefix[slot] = prefix;
    return leaf;
  }

  private long descend(long key, boolean make) {
    long node = root;
    for (int level = depth - 1; level > 0; level--) {
      int shift = KhoRadix.levelShift(pageSize, level);
      long slot = node - base + ((key >>> shift & ((1L << KhoRadix.tableBits(pageSize)) - 1)) << 3);
      long child = memory.get(Wire.U64, slot);
      if (child == NONE) {
        if (!make) {
          return NONE;
        }
        child = pages.allocate(nodePath(key, level - 1), 0);
        memory.set(Wire.U64, slot, child);
        pages.journal().done(() -> cut(slot));
      }
      node = child;
    }
    return node;
  }

  /** Takes a node back that an operation made, which failed: it has no key any more. */
  private void cut(long slot) {
    memory.set(Wire.U64, slot, NONE);
    Arrays.fill(foundLeaf, NONE);
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
