package org.kho4j.handover.generation;

import java.lang.foreign.Arena;
import org.kho4j.memory.Runs;
import org.kho4j.memory.ScatteredView;
import org.kho4j.memory.WritableMemory;

/**
 * A vmalloc area that a generation owns: blocks of 2^order pages, scattered over memory, that are
 * one area to whoever uses them.
 */
public final class Area {

  private final WritableMemory memory;
  private final Runs runs;
  private final int order;

  Area(WritableMemory memory, Runs runs, int order) {
    this.memory = memory;
    this.runs = runs;
    this.order = order;
  }

  /** Page order of the blocks. */
  public int order() {
    return order;
  }

  /** Size of the area, a multiple of the blocks' size. */
  public long bytes() {
    return runs.size();
  }

  /** Where the area lies, in the area's order; each run is whole blocks. */
  public Runs runs() {
    return runs;
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
