package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * Writes the pages that list an area, as the kernel does: a chunk that is exactly full gets a fresh
 * one at once.
 */
final class ChunkWriter {

  private final WritableMemory memory;
  private final PageSize pageSize;
  private final LongSupplier newChunk;
  private final int capacity;
  private final int header = KhoVmallocChunk.STRUCTURE.headerSize();

  private long first;
  private @Nullable MemorySegment chunk;

  /**
   * A writer.
   *
   * @param newChunk gives the address of a page of zeros, preserved already
   */
  ChunkWriter(WritableMemory memory, PageSize pageSize, LongSupplier newChunk) {
    this.memory = memory;
    this.pageSize = pageSize;
    this.newChunk = newChunk;
    this.capacity = KhoVmallocChunk.STRUCTURE.capacity(pageSize);
  }

  /**
   * Lists the blocks of an area.
   *
   * @return physical address of the first chunk
   */
  long write(Runs runs, long blockBytes) {
    MemorySegment page = next();
    int used = 0;
    for (int run = 0; run < runs.count(); run++) {
      long end = runs.address(run) + runs.length(run);
      for (long block = runs.address(run); block < end; block += blockBytes) {
        page.set(Wire.U64, header + 8L * used, block);
        if (++used == capacity) {
          page = next();
          used = 0;
        }
      }
    }
    return first;
  }

  private MemorySegment next() {
    long address = newChunk.getAsLong();
    if (chunk == null) {
      first = address;
    } else {
      Wire.putU64(chunk, KhoVmallocChunk.NEXT, address);
    }
    chunk = memory.writable(address, pageSize.bytes());
    return chunk;
  }
}
