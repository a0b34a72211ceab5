package org.kho4j.abi;

import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The preserved map since kho-v2: a radix tree of pages. A set bit in a leaf is one preservation, a
 * block of 2^order pages; block and order together are its key.
 */
public final class KhoRadix {

  private static final String SOURCE = "include/linux/kho/abi/kexec_handover.h";

  private static final Lifetime LIFETIME =
      Lifetime.untilRead(
          "all the time: bits are set and cleared in place",
          "never by the writer; in the next kernel it is free memory once the tree is walked");

  /** A page of child pointers: every level but 0. */
  public static final Structure NODE =
      Structure.paged(
              "kho_radix_node",
              1,
              Field.phys(
                  0,
                  "table",
                  () -> KhoRadix.NODE,
                  "physical address of the child one level below, a kho_radix_leaf below level 1; 0 where there is none"),
              Releases.since("7.1"),
              LIFETIME,
              SOURCE,
              "One page without a header. Removing a preservation never frees a node, so empty"
                  + " nodes remain.")
          .filled();

  /** A page of bits: level 0. */
  public static final Structure LEAF =
      Structure.paged(
              "kho_radix_leaf",
              1,
              Field.u64(
                  0, "bitmap", "64 preservations; bit n of the page is byte n / 8, bit n % 8"),
              Releases.since("7.1"),
              LIFETIME,
              SOURCE,
              "One page without a header. Every set bit is one preservation: a block of 2^order"
                  + " pages.")
          .filled();

  /** Most bits of a physical address on the machines with KHO. */
  public static final int MAX_PHYSICAL_BITS = 52;

  private KhoRadix() {}

  /** Bits of the key that one table level resolves: {@code log2(PAGE_SIZE / 8)}. */
  public static int tableBits(PageSize pageSize) {
    return pageSize.shift() - 3;
  }

  /** Bits of the key that a leaf resolves: {@code log2(PAGE_SIZE * 8)}. */
  public static int leafBits(PageSize pageSize) {
    return pageSize.shift() + 3;
  }

  /** Returns the bit that marks order 0 in a key; order n is marked n bits below it. */
  public static int orderZeroBit(PageSize pageSize) {
    return Long.SIZE - pageSize.shift();
  }

  /** Shift of level {@code level}'s index within a key. Level 0 is the leaf. */
  public static int levelShift(PageSize pageSize, int level) {
    return level == 0 ? 0 : leafBits(pageSize) + (level - 1) * tableBits(pageSize);
  }

  /** Entry of the table at {@code level}, 1 or more, or bit of the leaf at level 0. */
  public static int index(PageSize pageSize, int level, long key) {
    int bits = level == 0 ? leafBits(pageSize) : tableBits(pageSize);
    return (int) (key >>> levelShift(pageSize, level) & (1L << bits) - 1);
  }

  /**
   * Returns the entries of a root table that keys of memory within {@value #MAX_PHYSICAL_BITS} bits
   * can use: few, as the bits above an address are the marker of the order alone. Anything else is
   * damage, or a tree of another depth.
   */
  public static SortedSet<Integer> rootSlots(PageSize pageSize, int depth) {
    SortedSet<Integer> slots = new TreeSet<>();
    for (int order = 0; order <= maxOrder(pageSize); order++) {
      long first = 1L << (orderZeroBit(pageSize) - order);
      long last = first | (1L << (maxOrder(pageSize) - order)) - 1;
      int from = index(pageSize, depth - 1, first);
      int to = index(pageSize, depth - 1, last);
      for (int slot = from; slot <= to; slot++) {
        slots.add(slot);
      }
    }
    return Collections.unmodifiableSortedSet(slots);
  }

  /**
   * The largest order whose keys are above those of order 0 that have lost their bit: these are
   * numbers of pages within {@value #MAX_PHYSICAL_BITS} bits.
   */
  public static final int MAX_ORDER_BESIDE_LOST_BIT = Long.SIZE - MAX_PHYSICAL_BITS;

  /**
   * Returns whether a tree of that depth has no room for the bit that marks order 0, so that keys
   * of order 0 lose it: a tree with 16K pages that lacks a level.
   */
  public static boolean losesOrderZero(PageSize pageSize, int depth) {
    return levelShift(pageSize, depth) <= orderZeroBit(pageSize);
  }

  /**
   * Returns the complete key of a key in a tree that {@linkplain #losesOrderZero loses} the bit: of
   * order 0 if it can be the number of a page. A key of an order above {@link
   * #MAX_ORDER_BESIDE_LOST_BIT} can be, too.
   */
  public static long withOrderZero(PageSize pageSize, long key) {
    return key >>> maxOrder(pageSize) == 0 ? key | 1L << orderZeroBit(pageSize) : key;
  }

  /**
   * Returns the largest order that a block within {@value #MAX_PHYSICAL_BITS} bits of physical
   * memory can have.
   */
  public static int maxOrder(PageSize pageSize) {
    return MAX_PHYSICAL_BITS - pageSize.shift();
  }

  /**
   * Returns the key of the block of 2^order pages at that address.
   *
   * @throws IllegalArgumentException if the order is out of range, or the address not aligned to
   *     the block or beyond 2^52
   */
  public static long key(PageSize pageSize, long address, int order) {
    if (order < 0 || order > maxOrder(pageSize)) {
      throw new IllegalArgumentException(
          "order " + order + " is not within 0 to " + maxOrder(pageSize));
    }
    if ((address & (pageSize.blockBytes(order) - 1)) != 0 || address >>> MAX_PHYSICAL_BITS != 0) {
      throw new IllegalArgumentException(
          "0x%x is not the address of a block of order %d within 2^52 bytes"
              .formatted(address, order));
    }
    return 1L << (orderZeroBit(pageSize) - order) | address >>> (pageSize.shift() + order);
  }

  /**
   * Returns the order of a key: no smaller than 0 for keys that {@link #key} makes, negative for
   * keys wider than that.
   */
  public static int order(PageSize pageSize, long key) {
    return orderZeroBit(pageSize) - (Long.SIZE - 1 - Long.numberOfLeadingZeros(key));
  }

  /**
   * Returns the address of a key's block. Defined for keys with an {@link #order} from 0 to {@link
   * #maxOrder}.
   */
  public static long address(PageSize pageSize, long key) {
    return (key ^ Long.highestOneBit(key)) << (pageSize.shift() + order(pageSize, key));
  }
}
