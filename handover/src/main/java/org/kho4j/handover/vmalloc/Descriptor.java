package org.kho4j.handover.vmalloc;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.StructureView;

/**
 * The kernel's {@code struct kho_vmalloc}: 16 bytes in the data of an area's owner that find the
 * area again.
 *
 * @param address physical address of the 16 bytes; {@link KhoException#NOWHERE} as long as they are
 *     written nowhere
 * @param first physical address of the first chunk; 0 in an area of no pages
 * @param totalPages base pages in the area
 * @param flags {@link KhoVmalloc#FLAG_ALLOC}, {@link KhoVmalloc#FLAG_ALLOW_HUGE}, and whatever else
 *     is set
 * @param order page order of the blocks
 */
public record Descriptor(long address, long first, long totalPages, int flags, int order) {

  /** Reads the descriptor in a view of {@link KhoVmalloc#STRUCTURE}. */
  public static Descriptor of(StructureView view) {
    return new Descriptor(
        view.address(),
        view.address(KhoVmalloc.FIRST),
        view.get(KhoVmalloc.TOTAL_PAGES),
        (int) view.get(KhoVmalloc.FLAGS),
        (int) view.get(KhoVmalloc.ORDER));
  }

  /** Reads the descriptor in the 16 bytes at a physical address. */
  public static Descriptor at(long address, MemorySegment bytes) {
    return of(new StructureView(KhoVmalloc.STRUCTURE, address, bytes));
  }

  /** Writes the 16 bytes. */
  public void writeTo(StructureView view) {
    ChunkWalk.FIRST.store(view, first);
    view.set(KhoVmalloc.TOTAL_PAGES, totalPages);
    view.set(KhoVmalloc.FLAGS, flags);
    view.set(KhoVmalloc.ORDER, order);
  }

  /** Writes the 16 bytes at the start of some memory. */
  public void writeTo(MemorySegment bytes) {
    writeTo(new StructureView(KhoVmalloc.STRUCTURE, address, bytes));
  }
}
