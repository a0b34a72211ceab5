package org.kho4j.handover.vmalloc;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;

/**
 * The kernel's {@code struct kho_vmalloc}: the 16 bytes that describe a preserved area, in the data
 * of its owner.
 *
 * @param address physical address of the 16 bytes; {@link KhoException#NOWHERE} as long as they are
 *     written nowhere
 * @param first physical address of the first chunk; 0 in an area of no pages
 * @param totalPages base pages in the area
 * @param flags {@link KhoVmalloc#FLAG_ALLOC}, {@link KhoVmalloc#FLAG_ALLOW_HUGE}, and any other
 *     bits that are set
 * @param order page order of the blocks
 */
public record Descriptor(long address, long first, long totalPages, int flags, int order) {

  /** The meaning of {@link #isEmpty}, as a sentence. */
  public static final String NO_AREA =
      "the descriptor has neither pages nor a first chunk: no area is preserved there";

  static final KhoserPointer FIRST =
      KhoserPointer.declare(KhoVmalloc.FIRST, KhoVmallocChunk.STRUCTURE);

  /** Reads the descriptor in a view of {@link KhoVmalloc#STRUCTURE}. */
  public static Descriptor of(StructureView view) {
    return new Descriptor(
        view.address(),
        FIRST.address(view),
        view.get(KhoVmalloc.TOTAL_PAGES),
        (int) view.get(KhoVmalloc.FLAGS),
        (int) view.get(KhoVmalloc.ORDER));
  }

  /** Reads the descriptor in the 16 bytes at a physical address. */
  public static Descriptor at(long address, MemorySegment bytes) {
    return of(new StructureView(KhoVmalloc.STRUCTURE, address, bytes));
  }

  /**
   * Returns whether no area is preserved: the descriptor has neither pages nor a first chunk, as in
   * 16 zeros.
   */
  public boolean isEmpty() {
    return first == 0 && totalPages == 0;
  }

  /** Returns the end of a message about a count of entries that an area has no room for. */
  public String room(PageSize pageSize, int entryBytes) {
    return isEmpty()
        ? NO_AREA
        : "the array has room for %d".formatted(totalPages * pageSize.bytes() / entryBytes);
  }

  /** Writes the 16 bytes of the descriptor into a structure. */
  public void writeTo(StructureView view) {
    FIRST.store(view, first);
    view.set(KhoVmalloc.TOTAL_PAGES, totalPages);
    view.set(KhoVmalloc.FLAGS, flags);
    view.set(KhoVmalloc.ORDER, order);
  }

  /** Writes the 16 bytes at the start of some memory. */
  public void writeTo(MemorySegment bytes) {
    writeTo(new StructureView(KhoVmalloc.STRUCTURE, address, bytes));
  }
}
