package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.MapPages;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * The pages of a generation, allocated and freed as steps of its operations: pages that an
 * operation took are given back when it fails, and pages that it frees become free when it has
 * succeeded.
 *
 * <p>Allocated pages are the engine's, until {@link #own own} makes them the caller's. A page that
 * the caller frees is not the caller's from then on, so that the delayed step cannot fail.
 */
final class Pages implements MapPages {

  private final WritableMemory memory;
  private final PageAllocator allocator;
  private final Placement placement;
  private final Journal journal;
  private final OwnedPages owned;

  Pages(WritableMemory memory, PageAllocator allocator, Placement placement, Journal journal) {
    this.memory = memory;
    this.allocator = allocator;
    this.placement = placement;
    this.journal = journal;
    this.owned = new OwnedPages(memory, allocator.pageSize());
  }

  /**
   * Keeps the page at address 0, if there is one, from being handed out: a pointer of 0 means none,
   * in every structure of the contract. Linux never uses that page either.
   */
  void setAddressZeroAside() {
    long page = pageSize().bytes();
    if (memory.base() == 0 && allocator.isFree(0, page)) {
      allocator.claim(0, page);
    }
  }

  @Override
  public PageSize pageSize() {
    return allocator.pageSize();
  }

  @Override
  public WritableMemory memory() {
    return memory;
  }

  Journal journal() {
    return journal;
  }

  OwnedPages owned() {
    return owned;
  }

  @Override
  public void done(Runnable undoStep) {
    journal.done(undoStep);
  }

  long freePages() {
    return allocator.freePages();
  }

  /** Takes a block, whatever it holds. */
  long allocate(int order) {
    long address = allocator.allocate(order);
    journal.done(() -> allocator.free(address, order));
    return address;
  }

  /** Takes the block at an address, whatever it holds. */
  void allocateAt(long address, int order) {
    allocator.allocateAt(address, order);
    journal.done(() -> allocator.free(address, order));
  }

  /**
   * Takes a block for a structure of the handover, where the {@link Placement} wants it, and clears
   * it.
   */
  @Override
  public long allocateZeroed(String path, int order) {
    OptionalLong place = placement.address(path);
    long address;
    if (place.isPresent()) {
      address = place.getAsLong();
      allocateAt(address, order);
    } else {
      address = allocate(order);
    }
    segment(address, order).fill((byte) 0);
    return address;
  }

  /** Takes {@code count} blocks, whatever they hold. */
  Runs allocate(long count, int order) {
    List<OutOfPagesException> failure = new ArrayList<>(1);
    Runs runs =
        Runs.collect(visitor -> {
          try {
            for (long block = 0; block < count; block++) {
              visitor.range(allocator.allocate(order), pageSize().blockBytes(order));
            }
          } catch (OutOfPagesException e) {
            failure.add(e);
          }
        });
    if (!failure.isEmpty()) {
      releaseNow(runs);
      throw failure.getFirst();
    }
    journal.done(() -> releaseNow(runs));
    return runs;
  }

  /** Makes allocated or restored pages the caller's. */
  void own(long address, long bytes) {
    owned.add(address, bytes);
    journal.done(() -> owned.remove(address, bytes));
  }

  /** Makes the allocated pages of an area the caller's. */
  void own(Runs runs) {
    owned.add(runs, runs.count());
    journal.done(() -> owned.remove(runs));
  }

  /** Makes the pages of a restored area the caller's; at next to no cost before they are used. */
  void ownRestored(Runs runs) {
    owned.addLater(runs);
    journal.done(() -> owned.remove(runs));
  }

  /** Takes memory that is in use. */
  void claim(long address, long bytes) {
    allocator.claim(address, bytes);
  }

  /**
   * Frees a folio of the caller.
   *
   * @throws PreservationException if not all of it is idle
   */
  void free(String what, Folio folio) {
    long address = folio.address();
    int order = folio.order();
    owned.requireBlock(what, address, order);
    long bytes = folio.bytes(pageSize());
    owned.free(what, address, bytes);
    journal.done(() -> owned.add(address, bytes));
    if (order <= PageAllocator.MAX_ORDER) {
      journal.afterwards(() -> allocator.free(address, order));
    } else {
      // A restored folio may be larger than any block of the allocator.
      release(address, bytes);
    }
  }

  /**
   * Frees an area of the caller.
   *
   * @throws PreservationException if not all of it is idle, or it has a page twice
   */
  void free(String what, Runs runs) {
    int run = 0;
    try {
      for (; run < runs.count(); run++) {
        owned.free(what, runs.address(run), runs.length(run));
      }
    } catch (PreservationException e) {
      owned.add(runs, run);
      throw e;
    }
    journal.done(() -> owned.add(runs, runs.count()));
    journal.afterwards(() -> releaseNow(runs));
  }

  private void releaseNow(Runs runs) {
    for (int run = 0; run < runs.count(); run++) {
      allocator.release(runs.address(run), runs.length(run));
    }
  }

  /** Frees allocated pages that are not the caller's. */
  void release(long address, long bytes) {
    journal.afterwards(() -> allocator.release(address, bytes));
  }

  MemorySegment segment(long address, int order) {
    return memory.writable(address, pageSize().blockBytes(order));
  }

  MemorySegment page(long address) {
    return segment(address, 0);
  }
}
