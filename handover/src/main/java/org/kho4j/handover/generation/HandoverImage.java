package org.kho4j.handover.generation;

import java.util.List;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.MapWriter;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.root.Subtree;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * Writes a complete handover into a run of pages: the root FDT on the first page, followed by the
 * nodes of the preserved map. For an owner of memory that keeps its own account of what is
 * allocated and writes a handover anew for every change, as a warm store does; a {@link Generation}
 * allocates, and changes one handover in place.
 */
public final class HandoverImage {

  private HandoverImage() {}

  /**
   * Writes the handover.
   *
   * @param pages the memory for root FDT and map, and nothing else; zeros
   * @param preserved the ranges that the map preserves beside the root FDT, as whole pages, without
   *     overlaps
   * @param subtrees the subtrees that the root FDT lists; their blobs are in {@code preserved}
   * @return bytes written, from the start of {@code pages}
   * @throws org.kho4j.handover.pages.OutOfPagesException if {@code pages} is too small
   */
  public static long write(
      WritableMemory pages,
      PageSize pageSize,
      KhoLayout layout,
      Runs preserved,
      List<Subtree> subtrees) {
    AddressRange all = new AddressRange(pages.base(), pages.size());
    PageAllocator allocator = new PageAllocator(pageSize, List.of(all));
    Pages own = new Pages(pages, allocator, Placement.ANYWHERE, new Journal());
    own.allocateAt(pages.base(), 0);
    MapWriter map = MapWriter.create(own, layout.map());
    map.add(pages.base(), 0);
    for (int run = 0; run < preserved.count(); run++) {
      PageRuns.forEachBlock(
          pageSize, preserved.address(run), preserved.length(run), List.of(), map::add);
    }
    RootFdtPage root = RootFdtPage.create(own, pages.base(), layout, map.finish());
    for (Subtree subtree : subtrees) {
      root.add(subtree.name(), subtree.address(), subtree.size());
    }
    return pages.size() - (allocator.freePages() << pageSize.shift());
  }
}
