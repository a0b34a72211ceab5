package org.kho4j.handover.generation;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.vmalloc.ChunkWriter;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.Runs;

/** The vmalloc areas of a generation, and the pages that list those that are preserved. */
final class Areas {

  private final Pages pages;
  private final OutgoingMap map;
  private final PageSize pageSize;
  private final HandoverMemory reader;

  Areas(Pages pages, OutgoingMap map) {
    this.pages = pages;
    this.map = map;
    this.pageSize = pages.pageSize();
    this.reader = new HandoverMemory(pages.memory(), pageSize);
  }

  OwnedArea allocate(long bytes, int order) {
    Runs runs = pages.allocate(blocks(bytes, order), order);
    pages.own(runs);
    return new OwnedArea(pages.memory(), runs, OwnedArea.flags(order), order);
  }

  /** Returns an area of zeros, its blocks where the {@link Placement} wants them. */
  OwnedArea allocateZeroed(String path, long bytes, int order) {
    long count = blocks(bytes, order);
    List<Folio> blocks = new ArrayList<>();
    for (long block = 0; block < count; block++) {
      blocks.add(new Folio(pages.allocateZeroed(path + "/block " + block, order), order));
    }
    OwnedArea area = of(blocks);
    pages.own(area.runs());
    return area;
  }

  private long blocks(long bytes, int order) {
    if (bytes <= 0 || bytes > pages.memory().size()) {
      throw new PreservationException(
          "area", "an area of %d bytes: memory has %d".formatted(bytes, pages.memory().size()));
    }
    if (order < 0 || order > PageAllocator.MAX_ORDER) {
      throw new PreservationException(
          "area", "order %d is not within 0 to %d".formatted(order, PageAllocator.MAX_ORDER));
    }
    return Math.ceilDiv(bytes, pageSize.blockBytes(order));
  }

  OwnedArea of(List<Folio> blocks) {
    if (blocks.isEmpty()) {
      throw new PreservationException("area", "an area has at least one block");
    }
    int order = blocks.getFirst().order();
    if (blocks.stream().anyMatch(block -> block.order() != order)) {
      throw new PreservationException("area", "the blocks of an area have one order");
    }
    blocks.forEach(block -> pages.owned().requireBlock("area", block.address(), order));
    Runs runs =
        Runs.collect(visitor ->
            blocks.forEach(block -> visitor.range(block.address(), block.bytes(pageSize))));
    return new OwnedArea(pages.memory(), runs, OwnedArea.flags(order), order);
  }

  Descriptor preserve(String path, OwnedArea area) {
    requireBlocks(path, area);
    long totalPages = area.bytes() >>> pageSize.shift();
    if (totalPages >>> 32 != 0) {
      throw new PreservationException(
          path,
          area.runs().address(0),
          "%d pages: a descriptor counts to 2^32 - 1".formatted(totalPages));
    }
    if (totalPages > 0) {
      map.addArea(path, area);
    }
    return new Descriptor(
        KhoException.NOWHERE, list(path, area), totalPages, area.flags(), area.order());
  }

  /** Checks that every run of an area is whole blocks of its order. */
  private void requireBlocks(String path, OwnedArea area) {
    Runs runs = area.runs();
    int order = area.order();
    pages.owned().requireBlock(path, runs.count() == 0 ? 0 : runs.address(0), order);
    long blockBytes = pageSize.blockBytes(order);
    for (int run = 0; run < runs.count(); run++) {
      pages.owned().requireBlock(path, runs.address(run), order);
      if ((runs.length(run) & (blockBytes - 1)) != 0) {
        throw new PreservationException(
            path,
            runs.address(run),
            "%d bytes are not whole blocks of order %d".formatted(runs.length(run), order));
      }
    }
  }

  /** Writes the chunks that list an area. Returns the first chunk's address, 0 for no pages. */
  private long list(String path, OwnedArea area) {
    int[] chunks = new int[1];
    ChunkWriter writer =
        new ChunkWriter(pageSize, pages::page, () -> newChunk(path + "/chunk " + chunks[0]++));
    Runs runs = area.runs();
    long blockBytes = pageSize.blockBytes(area.order());
    for (int run = 0; run < runs.count(); run++) {
      long address = runs.address(run);
      long end = address + runs.length(run);
      for (long block = address; block < end; block += blockBytes) {
        writer.add(block);
      }
    }
    return writer.finish();
  }

  private long newChunk(String path) {
    long chunk = pages.allocateZeroed(path, 0);
    map.addEnginePage(chunk);
    return chunk;
  }

  void unpreserve(Descriptor descriptor, OwnedArea area) {
    requireBlocks("area", area);
    List<Long> chunks = chunks(descriptor, area);
    chunks.forEach(chunk -> map.removeEnginePage("chunk", chunk));
    map.removeArea("area", area);
    chunks.forEach(chunk -> pages.release(chunk, pageSize.bytes()));
  }

  /** Returns the chunks that list an area; the descriptor has to be the area's. */
  private List<Long> chunks(Descriptor descriptor, OwnedArea area) {
    List<Long> chunks = new ArrayList<>();
    boolean same = descriptor.order() == area.order();
    try {
      PreservedArea listed = PreservedArea.of(reader, descriptor);
      Runs runs =
          Runs.collect(visitor ->
              listed.forEachRun(
                  (order, address, bytes) -> visitor.range(address, bytes), chunks::add));
      same &= isSame(runs, area.runs());
    } catch (HandoverException e) {
      same = false;
    }
    if (!same) {
      throw new PreservationException(
          "area",
          descriptor.first(),
          "the descriptor is not that of this area, which has %d blocks of order %d"
              .formatted(area.bytes() / pageSize.blockBytes(area.order()), area.order()));
    }
    return chunks;
  }

  private static boolean isSame(Runs one, Runs other) {
    boolean same = one.count() == other.count();
    for (int run = 0; same && run < one.count(); run++) {
      same = one.address(run) == other.address(run) && one.length(run) == other.length(run);
    }
    return same;
  }
}
