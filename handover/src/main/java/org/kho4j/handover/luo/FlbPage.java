package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import org.kho4j.handover.HandoverMemory;
import org.kho4j.handover.Located;
import org.kho4j.handover.Where;

/** The page of the FLBs. */
record FlbPage(long address, MemorySegment bytes) implements Located {

  static FlbPage load(HandoverMemory memory, Where where, long address) {
    return new FlbPage(address, memory.page(where, address));
  }
}
