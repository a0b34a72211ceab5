package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import org.kho4j.handover.wire.Where;

/** Takes the bits of a map, in order of keys. */
interface LeafVisitor {

  /**
   * Takes bits that all stand for blocks of one order.
   *
   * @param place where they stand
   * @param bits a leaf or a bitmap
   * @param address of it
   * @param firstKey the radix key of the block that bit 0 stands for
   */
  void bits(Where place, MemorySegment bits, long address, long firstKey);

  /** Takes the lowest leaf of a radix tree, whose keys have an order each. */
  void lowestLeaf(Where place, MemorySegment leaf, long address);
}
