package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;

/**
 * A preserved map that can be changed, as the kernel keeps it. Leaves or bitmaps are made when a
 * key first needs them, and stay when their last key goes; an operation that fails removes the
 * leaves that it made.
 */
public abstract sealed class MapWriter permits RadixWriter, BitmapListWriter {

  /** The path of a map's root, and the start of the paths of its other parts. */
  public static final String PATH = "/preserved-memory-map";

  private static final int FOUND = 1 << 12;

  /** The address 0, which means none. */
  static final long NONE = 0;

  final MapPages pages;
  final PageSize pageSize;
  private final int leafBits;
  private final int maxOrder;

  // Leaves found so far, by the low bits of their keys' common part: an area may be scattered over
  // more memory than one leaf covers. No leaf is at address 0.
  final MemorySegment memory;
  final long base;
  private final long[] foundPrefix = new long[FOUND];
  private final long[] foundLeaf = new long[FOUND];

  // Offsets in the memory of the words of a batch.
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

  /** Creates an empty map. */
  public static MapWriter create(MapPages pages, MapForm form) {
    return form.isRadix()
        ? new RadixWriter(pages, form, pages.allocateZeroed(PATH, 0))
        : new BitmapListWriter(pages, form);
  }

  /** Creates a writer for an existing map, all of whose parts have been checked. */
  public static MapWriter over(MapPages pages, PreservedMap map) {
    return map.form().isRadix()
        ? new RadixWriter(pages, map.form(), map.root())
        : BitmapListWriter.of(pages, map);
  }

  /** Returns the path of a radix tree's node, named by the node's first key. */
  public static String nodePath(int level, long firstKey) {
    return PATH + "/level " + level + "/0x" + Long.toHexString(firstKey);
  }

  /** Returns the largest order that a block of the map can have. */
  public int maxOrder() {
    return maxOrder;
  }

  /**
   * Returns the map's address in the root FDT while the map can still change; 0 if the map is
   * finished later.
   */
  public abstract long root();

  /**
   * Completes the map, which cannot change after that. Returns the map's address for the root FDT.
   */
  public abstract long finish();

  /**
   * Finds the physical address of the leaf or bitmap with a key's bit; {@link #NONE} if there is
   * none.
   */
  abstract long descend(long key, boolean make);

  /** Returns whether the map has that block, as a block of that order. */
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

  /** Finds the words with the bits of blocks; returns false if a leaf does not exist. */
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

  /** Returns the offset in the memory of the word with a key's bit. */
  private long word(long leaf, long key) {
    return leaf - base + ((key & ((1L << leafBits) - 1)) >>> 6 << 3);
  }

  /** Returns the physical address of the leaf for a key. */
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

  /** Forgets the leaves found so far, because some of them are removed. */
  void forget() {
    Arrays.fill(foundLeaf, NONE);
  }
}
