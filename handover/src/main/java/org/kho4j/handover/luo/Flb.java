package org.kho4j.handover.luo;

import java.util.function.Consumer;
import org.kho4j.abi.LuoFlb;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * File-lifecycle-bound data: state that several files share.
 *
 * @param name compatible string of the FLB
 * @param data the FLB's own: an address or a plain number
 * @param count files that hold a reference
 */
public record Flb(String name, long data, long count) {

  static Flb read(StructureView entry, Where where, Consumer<HandoverException> problems) {
    return new Flb(
        entry.text(LuoFlb.NAME, where, problems), entry.get(LuoFlb.DATA), entry.get(LuoFlb.COUNT));
  }
}
