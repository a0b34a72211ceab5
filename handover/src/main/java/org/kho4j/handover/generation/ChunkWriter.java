package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
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
  private MemorySegment chunk = MemorySegment.NULL;
  private int used;

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
    next();
    runs.forEach((address, bytes) -> {
      for (long block = address; block < address + bytes; block += blockBytes) {
        chunk.set(Wire.U64, header + 8L * used, block);
        if (++used == capacity) {
          next();
        }
      }
    });
    return first;
  }

  private void next() {
    long address = newChunk.getAsLong();
    if (chunk.byteSize() == 0) {
      first = address;
    } else {
      Wire.putU64(chunk, KhoVmallocChunk.NEXT, address);
    }
    chunk = memory.writable(address, pageSize.bytes());
    used = 0;
  }
}
