package org.kho4j.handover;

import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;

/**
 * What the keys of one leaf have in common.
 *
 * @param order of every block in the leaf
 * @param base physical address that bit 0 stands for
 * @param shift binary logarithm of a block's bytes
 */
record LeafKeys(int order, long base, int shift) {

  /**
   * The keys of the leaf whose bit 0 has that key, or of one bit of the lowest leaf, where orders
   * differ from bit to bit.
   *
   * @throws HandoverException if no block has such a key
   */
  static LeafKeys of(PageSize pageSize, long key, Where place, long address) {
    int order = key == 0 ? Integer.MAX_VALUE : KhoRadix.order(pageSize, key);
    if (order < 0 || order > KhoRadix.maxOrder(pageSize)) {
      throw place.broken(
          address,
          key == 0
              ? "bit 0 is set, and key 0 has no order"
              : "key 0x%x says order %d, which is not within 0 to %d"
                  .formatted(key, order, KhoRadix.maxOrder(pageSize)));
    }
    LeafKeys keys = new LeafKeys(order, KhoRadix.address(pageSize, key), pageSize.shift() + order);
    keys.requireWithin(keys.base, place, address);
    return keys;
  }

  /** Whether all that the leaf could preserve is within physical memory. */
  boolean fits(int bits) {
    return Long.compareUnsigned(base + ((long) bits << shift), 1L << KhoRadix.MAX_PHYSICAL_BITS)
        <= 0;
  }

  /** Checks the end of what the leaf preserves. */
  void requireWithin(long end, Where place, long address) {
    if (Long.compareUnsigned(end, 1L << KhoRadix.MAX_PHYSICAL_BITS) > 0) {
      throw place.broken(
          address,
          "a block of order %d reaches to 0x%x, beyond 2^%d"
              .formatted(order, end, KhoRadix.MAX_PHYSICAL_BITS));
    }
  }
}
