package org.kho4j.handover.generation;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.BlockBatch;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * The pages that the caller of a generation has allocated or restored, and has not freed: each is
 * idle or preserved. The caller can preserve and free idle pages only. All other pages are free,
 * the engine's own, scratch, or unclaimed in the incoming handover; page 0 is the engine's.
 */
final class OwnedPages {

  private final WritableMemory memory;
  private final PageSize pageSize;
  private final PageBitmap idle;

  /** Areas whose pages are idle as well, and not in the set yet. */
  private final List<Runs> restored = new ArrayList<>();

  // The map does not show overlapping blocks of different order.
  private final PageBitmap preserved;

  OwnedPages(WritableMemory memory, PageSize pageSize) {
    this.memory = memory;
    this.pageSize = pageSize;
    this.idle = new PageBitmap(memory, pageSize);
    this.preserved = new PageBitmap(memory, pageSize);
  }

  /** Adds pages, which are idle from then on. */
  void add(long address, long bytes) {
    idle.add(address, bytes);
  }

  /** Removes idle pages. */
  void remove(long address, long bytes) {
    idle().remove(address, bytes);
  }

  /** Adds the pages of the first runs, which are idle from then on. */
  void add(Runs runs, int count) {
    for (int run = 0; run < count; run++) {
      idle.add(runs.address(run), runs.length(run));
    }
  }

  /**
   * Adds the pages of a restored area. They enter the set when it is asked for the first time: to
   * restore does not wait for that.
   */
  void addLater(Runs runs) {
    restored.add(runs);
  }

  /** Returns the set of all idle pages. */
  private PageBitmap idle() {
    if (!restored.isEmpty()) {
      restored.forEach(runs -> add(runs, runs.count()));
      restored.clear();
    }
    return idle;
  }

  /** Removes idle pages. */
  void remove(Runs runs) {
    for (int run = 0; run < runs.count(); run++) {
      idle().remove(runs.address(run), runs.length(run));
    }
  }

  /** Makes preserved pages of idle ones. */
  void preserve(long address, long bytes) {
    idle().remove(address, bytes);
    preserved.add(address, bytes);
  }

  /**
   * Makes preserved pages of idle ones.
   *
   * @param batch in memory
   * @return whether each of them was idle and is in the batch once; if not, none was changed
   */
  boolean preserve(BlockBatch batch) {
    if (!idle().hasAll(batch) || !preserved.add(batch)) {
      return false;
    }
    idle().remove(batch);
    return true;
  }

  /**
   * Makes idle pages of preserved ones.
   *
   * @return whether all of them were preserved; if not, none was changed
   */
  boolean unpreserve(long address, long bytes) {
    boolean all = preserved.removeAll(address, bytes);
    if (all) {
      idle.add(address, bytes);
    }
    return all;
  }

  /** Makes idle pages of preserved ones. */
  void unpreserve(BlockBatch batch) {
    preserved.remove(batch);
    for (int i = 0; i < batch.count(); i++) {
      idle.add(batch.addresses()[i], pageSize.bytes());
    }
  }

  /** Returns whether every page of a range in memory is preserved. */
  boolean arePreserved(long address, long bytes) {
    return preserved.hasAll(address, bytes);
  }

  /**
   * Removes pages that the caller frees.
   *
   * @throws PreservationException if not all are idle, or the range is not whole pages in memory
   */
  void free(String what, long address, long bytes) {
    requireWhole(what, address, bytes);
    if (!idle().removeAll(address, bytes)) {
      throw notIdle(what, address, bytes);
    }
  }

  /**
   * Checks that every page of a range is idle.
   *
   * @throws PreservationException if one is not, or the range is not whole pages in memory
   */
  void requireIdle(String what, long address, long bytes) {
    requireWhole(what, address, bytes);
    if (!idle().hasAll(address, bytes)) {
      throw notIdle(what, address, bytes);
    }
  }

  private PreservationException notIdle(String what, long address, long bytes) {
    long page = preserved.firstOf(address, bytes);
    String why = "preserved";
    if (page < 0) {
      why = "not the caller's: free, the engine's own, or not restored";
      page = address;
      while (idle().hasAll(page, pageSize.bytes())) {
        page += pageSize.bytes();
      }
    }
    return new PreservationException(
        what, address, "%d bytes overlap page 0x%x, which is %s".formatted(bytes, page, why));
  }

  /**
   * Checks that a range is whole pages in memory.
   *
   * @throws PreservationException if it is not
   */
  void requireWhole(String what, long address, long bytes) {
    if (!pageSize.isAligned(address) || bytes <= 0 || !pageSize.isAligned(bytes)) {
      throw new PreservationException(
          what, address, "%d bytes are not whole pages of %s".formatted(bytes, pageSize));
    }
    if (!memory.contains(address, bytes)) {
      throw new PreservationException(
          what,
          address,
          "%d bytes are partly outside of memory, which has 0x%x to 0x%x"
              .formatted(bytes, memory.base(), memory.base() + memory.size() - 1));
    }
  }

  /**
   * Checks the order of a block, and that its address is a multiple of its size.
   *
   * @throws PreservationException if one of them is wrong
   */
  void requireBlock(String what, long address, int order) {
    int most = Long.SIZE - 2 - pageSize.shift();
    if (order < 0 || order > most) {
      throw new PreservationException(
          what, address, "order %d is not within 0 to %d".formatted(order, most));
    }
    long bytes = pageSize.blockBytes(order);
    if ((address & (bytes - 1)) != 0) {
      throw new PreservationException(
          what,
          address,
          "not aligned to the %d bytes of a block of order %d".formatted(bytes, order));
    }
  }
}
