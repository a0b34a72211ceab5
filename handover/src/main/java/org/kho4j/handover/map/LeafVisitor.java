package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import org.kho4j.handover.wire.Where;

/** Takes the leaves of a radix tree, or the bitmaps of a list, in the order of their keys. */
@FunctionalInterface
interface LeafVisitor {

  /**
   * Takes one leaf.
   *
   * @param place of the leaf, for messages
   * @param bits the leaf's bytes: bit n is for the block whose key is {@code firstKey + n}
   * @param address physical address of the leaf
   * @param firstKey radix key of bit 0; all keys of a leaf have one order, except in the lowest
   *     leaf of a tree, whose first key is 0
   */
  void leaf(Where place, MemorySegment bits, long address, long firstKey);
}
