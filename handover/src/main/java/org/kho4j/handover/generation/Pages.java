package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.memory.WritableMemory;

/** Pages for a generation's own structures: placed, allocated and zeroed. */
final class Pages {

  private final WritableMemory memory;
  private final PageAllocator allocator;
  private final Placement placement;

  Pages(WritableMemory memory, PageAllocator allocator, Placement placement) {
    this.memory = memory;
    this.allocator = allocator;
    this.placement = placement;
  }

  PageSize pageSize() {
    return allocator.pageSize();
  }

  /**
   * Allocates a block of 2^order pages, all zeros.
   *
   * @return its physical address
   */
  long allocate(String path, int order) {
    OptionalLong place = placement.address(path);
    long address;
    if (place.isPresent()) {
      address = place.getAsLong();
      allocator.allocateAt(address, order);
    } else {
      address = allocator.allocate(order);
    }
    segment(address, order).fill((byte) 0);
    return address;
  }

  void free(long address, int order) {
    allocator.free(address, order);
  }

  MemorySegment segment(long address, int order) {
    return memory.writable(address, pageSize().blockBytes(order));
  }

  MemorySegment page(long address) {
    return segment(address, 0);
  }
}
