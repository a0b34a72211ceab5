package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.BlockBatch;
import org.kho4j.handover.map.MapPages;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * The pages that a generation owns, allocated and freed as steps of its operations: pages that an
 * operation took are given back when it fails, and pages that it frees become free when it has
 * succeeded.
 */
final class Pages implements MapPages {

  private final WritableMemory memory;
  private final PageAllocator allocator;
  private final Placement placement;
  private final Journal journal;

  Pages(WritableMemory memory, PageAllocator allocator, Placement placement, Journal journal) {
    this.memory = memory;
    this.allocator = allocator;
    this.placement = placement;
    this.journal = journal;
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
      release(runs);
      throw failure.getFirst();
    }
    journal.done(() -> release(runs));
    return runs;
  }

  /** Returns whether every page of a range in memory, outside of scratch, has been allocated. */
  boolean owns(long address, long bytes) {
    return !allocator.hasFree(address, bytes);
  }

  /** Returns whether every page of a batch has been allocated. */
  boolean owns(BlockBatch batch) {
    return !allocator.hasFree(batch.addresses(), batch.count());
  }

  /** Takes memory that is in use. */
  void claim(long address, long bytes) {
    allocator.claim(address, bytes);
  }

  void free(long address, int order) {
    journal.afterwards(() -> allocator.free(address, order));
  }

  void free(Runs runs) {
    journal.afterwards(() -> release(runs));
  }

  private void release(Runs runs) {
    for (int run = 0; run < runs.count(); run++) {
      allocator.release(runs.address(run), runs.length(run));
    }
  }

  /** Frees memory that is not a vmalloc area. */
  void free(long address, long bytes) {
    journal.afterwards(() -> allocator.release(address, bytes));
  }

  MemorySegment segment(long address, int order) {
    return memory.writable(address, pageSize().blockBytes(order));
  }

  MemorySegment page(long address) {
    return segment(address, 0);
  }
}
