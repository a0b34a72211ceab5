package org.kho4j.handover.pages;

import java.util.BitSet;
import java.util.List;
import org.kho4j.abi.PageSize;

/** The same pages as one naive bitmap. */
final class PageModel {

  private final int shift;
  private final long firstPage;
  private final int pages;
  final BitSet free = new BitSet();
  final BitSet managed = new BitSet();

  PageModel(PageSize pageSize, List<AddressRange> ranges) {
    this.shift = pageSize.shift();
    long chunk = 1L << PageAllocator.MAX_ORDER;
    long first = Long.MAX_VALUE;
    long end = 0;
    for (AddressRange range : ranges) {
      first = Math.min(first, range.address() >>> shift);
      end = Math.max(end, range.end() >>> shift);
    }
    this.firstPage = first & -chunk;
    this.pages = (int) (end - firstPage);
    for (AddressRange range : ranges) {
      free.set(page(range.address()), page(range.end()));
    }
    managed.or(free);
  }

  int pages() {
    return pages;
  }

  int page(long address) {
    return (int) ((address >>> shift) - firstPage);
  }

  long address(int page) {
    return (firstPage + page) << shift;
  }

  boolean isFree(int page, int order) {
    return free.nextClearBit(page) >= page + (1 << order);
  }

  boolean isTaken(int page, int order) {
    int next = free.nextSetBit(page);
    return managed.nextClearBit(page) >= page + (1 << order)
        && (next < 0 || next >= page + (1 << order));
  }

  boolean hasFree(int order) {
    for (int page = free.nextSetBit(0); page >= 0; ) {
      int block = page & -(1 << order);
      if (isFree(block, order)) {
        return true;
      }
      page = free.nextSetBit(block + (1 << order));
    }
    return false;
  }

  /** What a buddy allocator that always merges has free. */
  PageStatistics statistics() {
    Long[] counts = new Long[PageAllocator.MAX_ORDER + 1];
    java.util.Arrays.fill(counts, 0L);
    for (int page = free.nextSetBit(0); page >= 0; ) {
      int order = 0;
      while (order < PageAllocator.MAX_ORDER
          && (page & ((2 << order) - 1)) == 0
          && isFree(page, order + 1)) {
        order++;
      }
      counts[order]++;
      page = free.nextSetBit(page + (1 << order));
    }
    return new PageStatistics(managed.cardinality(), free.cardinality(), List.of(counts));
  }
}
