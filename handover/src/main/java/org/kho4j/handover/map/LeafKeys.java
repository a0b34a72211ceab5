package org.kho4j.handover.map;

import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * The common parts of the keys of one leaf, or of one bitmap.
 *
 * @param order of every block in the leaf
 * @param base physical address of the block of bit 0
 * @param shift binary logarithm of a block's bytes
 */
record LeafKeys(int order, long base, int shift) {

  /**
   * Returns the keys of the leaf whose bit 0 has that key, or of one bit of the lowest leaf, where
   * orders differ from bit to bit.
   *
   * @throws HandoverException if no block has such a key
   */
  static LeafKeys of(PageSize pageSize, long key, Where place, long address) {
    int order = key == 0 ? Integer.MAX_VALUE : KhoRadix.order(pageSize, key);
    if (order < 0 || order > KhoRadix.maxOrder(pageSize)) {
      throw place.broken(
          address,
          key == 0
              ? "bit 0 is set, but key 0 has no order"
              : "key 0x%x has order %d, which is not within 0 to %d"
                  .formatted(key, order, KhoRadix.maxOrder(pageSize)));
    }
    LeafKeys keys = new LeafKeys(order, KhoRadix.address(pageSize, key), pageSize.shift() + order);
    if (keys.possible(1) == 0) {
      throw keys.beyond(0, place, address);
    }
    return keys;
  }

  /** Counts the blocks, of the first {@code bits}, that are within physical memory. */
  int possible(int bits) {
    long room = (1L << KhoRadix.MAX_PHYSICAL_BITS) - base;
    return base >>> KhoRadix.MAX_PHYSICAL_BITS != 0 ? 0 : (int) Math.min(bits, room >>> shift);
  }

  /** Returns the exception for a set bit whose block is beyond physical memory. */
  HandoverException beyond(int bit, Where place, long address) {
    return place.broken(
        address,
        "bit %d is set, for a block of order %d at 0x%x, beyond 2^%d"
            .formatted(bit, order, base + ((long) bit << shift), KhoRadix.MAX_PHYSICAL_BITS));
  }
}
