package org.kho4j.handover.generation;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.Runs;

/** The vmalloc areas of a generation, and the pages that list those that are preserved. */
final class Areas {

  private final Pages pages;
  private final OutgoingMap map;
  private final PageSize pageSize;

  Areas(Pages pages, OutgoingMap map) {
    this.pages = pages;
    this.map = map;
    this.pageSize = pages.pageSize();
  }

  Area allocate(long bytes, int order) {
    return new Area(pages.memory(), pages.allocate(blocks(bytes, order), order), order);
  }

  /** An area of zeros, its blocks where the {@link Placement} wants them. */
  Area allocate(String path, long bytes, int order) {
    long count = blocks(bytes, order);
    List<Folio> blocks = new ArrayList<>();
    for (long block = 0; block < count; block++) {
      blocks.add(new Folio(pages.allocate(path + "/block " + block, order), order));
    }
    return of(blocks);
  }

  private long blocks(long bytes, int order) {
    if (bytes <= 0 || bytes > pages.memory().size()) {
      throw new PreservationException(
          "area",
          "an area of %d bytes: memory has %d".formatted(bytes, pages.memory().size()));
    }
    return Math.ceilDiv(bytes, pageSize.blockBytes(order));
  }

  Area of(List<Folio> blocks) {
    int order = blocks.getFirst().order();
    if (blocks.stream().anyMatch(block -> block.order() != order)) {
      throw new PreservationException("area", "the blocks of an area have one order");
    }
    Runs runs =
        Runs.collect(visitor ->
            blocks.forEach(block -> visitor.range(block.address(), block.bytes(pageSize))));
    return new Area(pages.memory(), runs, order);
  }

  Descriptor preserve(String path, Area area) {
    long totalPages = area.bytes() >>> pageSize.shift();
    if (totalPages == 0) {
      return new Descriptor(0, 0, 0, area.order());
    }
    if (totalPages >>> 32 != 0) {
      throw new PreservationException(
          path,
          area.runs().address(0),
          "%d pages: a descriptor counts to 2^32 - 1".formatted(totalPages));
    }
    map.addArea(path, area);
    int[] chunks = new int[1];
    long first =
        new ChunkWriter(
                path, pages.memory(), pageSize, () -> newChunk(path + "/chunk " + chunks[0]++))
            .write(area.runs(), pageSize.blockBytes(area.order()));
    int flags = KhoVmalloc.FLAG_ALLOC | (area.order() == 0 ? 0 : KhoVmalloc.FLAG_ALLOW_HUGE);
    return new Descriptor(first, totalPages, flags, area.order());
  }

  private long newChunk(String path) {
    Folio chunk = new Folio(pages.allocate(path, 0), 0);
    map.addFolio(path, chunk);
    return chunk.address();
  }

  void unpreserve(Descriptor descriptor, Area area) {
    List<Folio> chunks = chunks(descriptor, area);
    chunks.forEach(chunk -> map.removeFolio("chunk", chunk));
    map.removeArea("area", area);
    chunks.forEach(chunk -> pages.free(chunk.address(), 0));
  }

  /** The pages that list an area, as many as it takes: what is read may be no chunk. */
  private List<Folio> chunks(Descriptor descriptor, Area area) {
    long blocks = area.bytes() / pageSize.blockBytes(area.order());
    long needed = blocks == 0 ? 0 : blocks / KhoVmallocChunk.STRUCTURE.capacity(pageSize) + 1;
    List<Folio> chunks = new ArrayList<>();
    long chunk = descriptor.first();
    for (; chunks.size() < needed && map.covers(chunk, pageSize.bytes()); ) {
      chunks.add(new Folio(chunk, 0));
      chunk = Wire.u64(pages.page(chunk), KhoVmallocChunk.NEXT);
    }
    if (chunk != 0 || chunks.size() != needed || !startsWith(chunks, area)) {
      throw new PreservationException(
          "area",
          descriptor.first(),
          "the descriptor is not that of this area, which has %d blocks of order %d"
              .formatted(blocks, area.order()));
    }
    return chunks;
  }

  private boolean startsWith(List<Folio> chunks, Area area) {
    return chunks.isEmpty()
        || pages
                .page(chunks.getFirst().address())
                .get(Wire.U64, KhoVmallocChunk.STRUCTURE.headerSize())
            == area.runs().address(0);
  }
}
