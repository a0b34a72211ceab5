package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.LuoFlb;
import org.kho4j.handover.Wire;
import org.kho4j.handover.wire.Where;

/**
 * File-lifecycle-bound data: state that several files share.
 *
 * @param name compatible string of the FLB
 * @param data the FLB's own: an address or a plain number
 * @param count files that hold a reference
 */
public record Flb(String name, long data, long count) {

  static Flb read(MemorySegment entry, Where where, long address) {
    return new Flb(
        Wire.text(entry, LuoFlb.NAME, where, address),
        Wire.u64(entry, LuoFlb.DATA),
        Wire.u64(entry, LuoFlb.COUNT));
  }
}
