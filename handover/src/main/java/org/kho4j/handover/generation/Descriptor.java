package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.handover.VmallocArea;
import org.kho4j.handover.Wire;

/**
 * The descriptor of an area that was preserved: 16 bytes that the area's owner puts into its own
 * data.
 *
 * @param first physical address of the first chunk
 * @param totalPages base pages in the area
 * @param flags {@link KhoVmalloc#FLAG_ALLOC}, and {@link KhoVmalloc#FLAG_ALLOW_HUGE} where the
 *     order is not 0
 * @param order page order of the blocks
 */
public record Descriptor(long first, long totalPages, int flags, int order) {

  /** Writes the 16 bytes. */
  public void writeTo(MemorySegment target) {
    Wire.putU64(target, KhoVmalloc.FIRST, first);
    Wire.putU32(target, KhoVmalloc.TOTAL_PAGES, totalPages);
    Wire.putU16(target, KhoVmalloc.FLAGS, flags);
    Wire.putU16(target, KhoVmalloc.ORDER, order);
  }

  /** Reads the 16 bytes. */
  public static Descriptor of(MemorySegment source) {
    return new Descriptor(
        Wire.u64(source, KhoVmalloc.FIRST),
        Wire.u32(source, KhoVmalloc.TOTAL_PAGES),
        Wire.u16(source, KhoVmalloc.FLAGS),
        Wire.u16(source, KhoVmalloc.ORDER));
  }

  /** The descriptor of an area that was read. */
  public static Descriptor of(VmallocArea area) {
    return new Descriptor(area.first(), area.totalPages(), area.flags(), area.order());
  }
}
