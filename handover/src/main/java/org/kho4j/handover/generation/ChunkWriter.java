package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * Writes the pages that list an area, as the kernel does: a chunk that is exactly full gets a fresh
 * one at once.
 */
final class ChunkWriter {

  private final String path;
  private final WritableMemory memory;
  private final PageSize pageSize;
  private final LongSupplier newChunk;
  private final int capacity;

  private long first;
  private MemorySegment chunk = MemorySegment.NULL;

  /**
   * A writer.
   *
   * @param path of the area, for messages
   * @param newChunk gives the address of a page of zeros, preserved already
   */
  ChunkWriter(String path, WritableMemory memory, PageSize pageSize, LongSupplier newChunk) {
    this.path = path;
    this.memory = memory;
    this.pageSize = pageSize;
    this.newChunk = newChunk;
    this.capacity = KhoVmallocChunk.STRUCTURE.capacity(pageSize);
  }

  /**
   * Lists the blocks of an area.
   *
   * @return physical address of the first chunk
   * @throws PreservationException if a block is at address 0
   */
  long write(Runs runs, long blockBytes) {
    long[] entries = new long[capacity];
    int used = 0;
    next();
    for (int run = 0; run < runs.count(); run++) {
      long address = runs.address(run);
      if (address == 0) {
        throw new PreservationException(path, 0, "no area can list a block there: 0 ends the list");
      }
      long end = address + runs.length(run);
      for (long block = address; block < end; block += blockBytes) {
        entries[used++] = block;
        if (used == capacity) {
          list(entries, used);
          next();
          used = 0;
        }
      }
    }
    list(entries, used);
    return first;
  }

  private void list(long[] entries, int used) {
    MemorySegment.copy(entries, 0, chunk, Wire.U64, KhoVmallocChunk.STRUCTURE.headerSize(), used);
  }

  private void next() {
    long address = newChunk.getAsLong();
    if (chunk.byteSize() == 0) {
      first = address;
    } else {
      Wire.putU64(chunk, KhoVmallocChunk.NEXT, address);
    }
    chunk = memory.writable(address, pageSize.bytes());
  }
}
