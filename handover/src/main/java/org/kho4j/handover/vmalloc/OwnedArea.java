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
 * @param runs where the area lies, in the area's order; each run is whole blocks
 * @param flags how the area was allocated: {@link KhoVmalloc#FLAG_ALLOC}, {@link
 *     KhoVmalloc#FLAG_ALLOW_HUGE}, and whatever else an earlier owner set
 * @param order page order of the blocks
 */
public record OwnedArea(WritableMemory memory, Runs runs, int flags, int order) {

  /** The flags of a new area: blocks larger than a page are huge mappings. */
  public static int flags(int order) {
    return order == 0 ? KhoVmalloc.FLAG_ALLOC : KhoVmalloc.FLAG_ALLOC | KhoVmalloc.FLAG_ALLOW_HUGE;
  }

  /** The same area with other flags: an area of single pages may have been allowed huge ones. */
  public OwnedArea withFlags(int newFlags) {
    return new OwnedArea(memory, runs, newFlags, order);
  }

  /** Size of the area in bytes, a multiple of the blocks' size. */
  public long bytes() {
    return runs.size();
  }

  /**
   * The area's memory: one segment where the host can map it so, else run by run.
   *
   * @param arena frees what was mapped for it
   */
  public ScatteredView map(Arena arena) {
    return memory.scattered(runs, arena);
  }
}
