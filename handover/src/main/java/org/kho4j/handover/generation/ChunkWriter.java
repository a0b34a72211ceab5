package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;
import org.kho4j.memory.Runs;

/**
 * Writes the pages that list an area, as the kernel does: a chunk that is exactly full gets a fresh
 * one at once. Every chunk is preserved as it is made.
 */
final class ChunkWriter {

  private final Pages pages;
  private final OutgoingMap map;
  private final String path;
  private final int capacity;
  private final int header = KhoVmallocChunk.STRUCTURE.headerSize();

  private long first;
  private int chunks;
  private @Nullable MemorySegment chunk;
  private int used;

  ChunkWriter(Pages pages, OutgoingMap map, String path) {
    this.pages = pages;
    this.map = map;
    this.path = path;
    this.capacity = KhoVmallocChunk.STRUCTURE.capacity(pages.pageSize());
  }

  /**
   * Lists the blocks of an area. If it fails, {@link #undo} frees the chunks that were made.
   *
   * @return physical address of the first chunk
   */
  long write(Runs runs, long blockBytes) {
    MemorySegment page = next();
    for (int run = 0; run < runs.count(); run++) {
      long end = runs.address(run) + runs.length(run);
      for (long block = runs.address(run); block < end; block += blockBytes) {
        page.set(Wire.U64, header + 8L * used, block);
        if (++used == capacity) {
          page = next();
        }
      }
    }
    return first;
  }

  private MemorySegment next() {
    String chunkPath = path + "/chunk " + chunks;
    long address = pages.allocate(chunkPath, 0);
    PageSize pageSize = pages.pageSize();
    try {
      map.add(chunkPath, address, pageSize.bytes(), pageSize.bytes());
    } catch (RuntimeException e) {
      pages.free(address, 0);
      throw e;
    }
    if (chunk == null) {
      first = address;
    } else {
      Wire.putU64(chunk, KhoVmallocChunk.NEXT, address);
    }
    chunk = pages.page(address);
    chunks++;
    used = 0;
    return chunk;
  }

  /** Takes back and frees the chunks that were made. */
  void undo() {
    free(pages, map, path, first);
  }

  /** Takes back and frees a list of chunks that this generation wrote. */
  static void free(Pages pages, OutgoingMap map, String path, long first) {
    long address = first;
    while (address != 0) {
      long next = Wire.u64(pages.page(address), KhoVmallocChunk.NEXT);
      map.remove(path, address, pages.pageSize().bytes(), pages.pageSize().bytes());
      pages.free(address, 0);
      address = next;
    }
  }
}
