package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;

/**
 * A preserved map that can be changed, as the kernel keeps it. Leaves or bitmaps are made when a
 * key first needs them, and stay when their last key goes; an operation that fails takes back what
 * it made.
 */
public abstract sealed class MapWriter permits RadixWriter, BitmapListWriter {

  /** The path of a map's root, and the start of the paths of its other parts. */
  public static final String PATH = "/preserved-memory-map";

  private static final int FOUND = 1 << 12;

  /** The address that means that there is none. */
  static final long NONE = 0;

  final MapPages pages;
  final PageSize pageSize;
  private final int leafBits;
  private final int maxOrder;

  // Leaves that were found, by the low bits of what their keys have in common: an area may be
  // scattered over more memory than one leaf stands for. An address of 0 is no leaf's.
  final MemorySegment memory;
  final long base;
  private final long[] foundPrefix = new long[FOUND];
  private final long[] foundLeaf = new long[FOUND];

  // Where in the memory the words of a batch are.
  private final long[] batchWords = new long[BlockBatch.MOST];

  /**
   * A writer.
   *
   * @param leafBits binary logarithm of the bits in a leaf or a bitmap
   * @param maxOrder the largest order that a block of the map can have
   */
  MapWriter(MapPages pages, int leafBits, int maxOrder) {
    this.pages = pages;
    this.base = pages.memory().base();
    this.memory = pages.memory().writable(base, pages.memory().size());
    this.pageSize = pages.pageSize();
    this.leafBits = leafBits;
    this.maxOrder = maxOrder;
  }

  /** An empty map. */
  public static MapWriter create(MapPages pages, MapForm form) {
    return form.isRadix()
        ? new RadixWriter(pages, form, pages.allocateZeroed(PATH, 0))
        : new BitmapListWriter(pages, form);
  }

  /** A map that is there, all of whose parts have been checked. */
  public static MapWriter over(MapPages pages, PreservedMap map) {
    return map.form().isRadix()
        ? new RadixWriter(pages, map.form(), map.root())
        : BitmapListWriter.of(pages, map);
  }

  /** The path of a radix tree's node, named by the first key that it stands for. */
  public static String nodePath(int level, long firstKey) {
    return PATH + "/level " + level + "/0x" + Long.toHexString(firstKey);
  }

  /** The largest order that a block of the map can have. */
  public int maxOrder() {
    return maxOrder;
  }

  /** What the root FDT says as long as the map can still change: 0 if it is finished later. */
  public abstract long root();

  /** Completes the map, which is not changed any more. Returns what the root FDT says then. */
  public abstract long finish();

  /**
   * Physical address of the leaf or bitmap that has a key's bit; {@link #NONE} if there is none.
   */
  abstract long descend(long key, boolean make);

  /** Whether that block is in the map, as a block of that order. */
  public boolean contains(long address, int order) {
    if (order > maxOrder) {
      return false;
    }
    long key = KhoRadix.key(pageSize, address, order);
    long leaf = leaf(key, false);
    return leaf != NONE && (memory.get(StructureView.U64, word(leaf, key)) >>> key & 1) != 0;
  }

  /**
   * Adds a block. If it throws, nodes are all that it may have added.
   *
   * @param order at most {@link #maxOrder}
   */
  public void add(long address, int order) {
    long key = KhoRadix.key(pageSize, address, order);
    long word = word(leaf(key, true), key);
    memory.set(StructureView.U64, word, memory.get(StructureView.U64, word) | 1L << key);
  }

  /**
   * Removes a block.
   *
   * @return whether it was there
   */
  public boolean remove(long address, int order) {
    if (order > maxOrder) {
      return false;
    }
    long key = KhoRadix.key(pageSize, address, order);
    long leaf = leaf(key, false);
    if (leaf == NONE) {
      return false;
    }
    long word = word(leaf, key);
    long bits = memory.get(StructureView.U64, word);
    if ((bits >>> key & 1) == 0) {
      return false;
    }
    memory.set(StructureView.U64, word, bits & ~(1L << key));
    return true;
  }

  /**
   * Adds blocks. If it throws, nodes are all that it may have added.
   *
   * @param order at most {@link #maxOrder}
   */
  public void add(BlockBatch blocks, int order) {
    findWords(blocks, order, true);
    setBits(blocks, order);
  }

  /**
   * Removes blocks.
   *
   * @return whether all of them were there, and each is in the batch once; if not, none was removed
   */
  public boolean remove(BlockBatch blocks, int order) {
    if (order > maxOrder || !findWords(blocks, order, false)) {
      return false;
    }
    long[] addresses = blocks.addresses();
    int shift = pageSize.shift() + order;
    long there = 1;
    for (int i = 0; i < blocks.count(); i++) {
      there &= memory.get(StructureView.U64, batchWords[i]) >>> (addresses[i] >>> shift);
    }
    if (there == 0) {
      return false;
    }
    for (int i = 0; i < blocks.count(); i++) {
      long bits = memory.get(StructureView.U64, batchWords[i]);
      there &= bits >>> (addresses[i] >>> shift);
      memory.set(StructureView.U64, batchWords[i], bits & ~(1L << (addresses[i] >>> shift)));
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
      long bits = memory.get(StructureView.U64, batchWords[i]);
      memory.set(StructureView.U64, batchWords[i], bits | 1L << (addresses[i] >>> shift));
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

  /** Forgets what was found: something of it is taken back. */
  void forget() {
    Arrays.fill(foundLeaf, NONE);
  }
}
