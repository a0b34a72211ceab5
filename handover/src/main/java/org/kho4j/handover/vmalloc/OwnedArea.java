package org.kho4j.handover.vmalloc;

import java.lang.foreign.Arena;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.memory.Runs;
import org.kho4j.memory.ScatteredView;
import org.kho4j.memory.WritableMemory;

/**
 * A vmalloc area of a generation: blocks of 2^order pages, scattered over memory, that form one
 * area.
 *
 * @param runs the area's memory, in the area's order; each run is whole blocks
 * @param flags the flags of the allocation: {@link KhoVmalloc#FLAG_ALLOC}, {@link
 *     KhoVmalloc#FLAG_ALLOW_HUGE}, and any other bits that an earlier owner set
 * @param order page order of the blocks
 */
public record OwnedArea(WritableMemory memory, Runs runs, int flags, int order) {

  /** Returns the flags of a new area: blocks larger than a page are huge mappings. */
  public static int flags(int order) {
    return order == 0 ? KhoVmalloc.FLAG_ALLOC : KhoVmalloc.FLAG_ALLOC | KhoVmalloc.FLAG_ALLOW_HUGE;
  }

  /**
   * Returns the same area with other flags: an area of single pages may have been allowed huge
   * ones.
   */
  public OwnedArea withFlags(int newFlags) {
    return new OwnedArea(memory, runs, newFlags, order);
  }

  /** Returns the size of the area in bytes, a multiple of the blocks' size. */
  public long bytes() {
    return runs.size();
  }

  /**
   * Maps the area's memory: as one segment if the host can, otherwise run by run.
   *
   * @param arena closes the mapping
   */
  public ScatteredView map(Arena arena) {
    return memory.scattered(runs, arena);
  }
}
