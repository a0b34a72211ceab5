package org.kho4j.handover.vmalloc;

import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;

/**
 * Writes the chunks that list an area, as the kernel does: an exactly full chunk is followed by an
 * empty one.
 */
public final class ChunkWriter {

  private final LongFunction<MemorySegment> pages;
  private final LongSupplier newChunk;
  private final long[] entries;
  private int used;
  private long first;
  private @Nullable StructureView chunk;

  /**
   * A writer.
   *
   * @param pages gives the page at a physical address, to be written
   * @param newChunk gives the address of a page of zeros
   */
  public ChunkWriter(PageSize pageSize, LongFunction<MemorySegment> pages, LongSupplier newChunk) {
    this.pages = pages;
    this.newChunk = newChunk;
    this.entries = new long[KhoVmallocChunk.STRUCTURE.capacity(pageSize)];
  }

  /** Appends the entry of a block. */
  public void add(long block) {
    if (chunk == null) {
      chunk = next(null);
    }
    entries[used++] = block;
    if (used == entries.length) {
      write(chunk);
      chunk = next(chunk);
    }
  }

  /**
   * Completes the list. Returns the physical address of the first chunk, 0 if nothing is listed.
   */
  public long finish() {
    if (chunk != null) {
      write(chunk);
    }
    return first;
  }

  private void write(StructureView target) {
    MemorySegment.copy(
        entries,
        0,
        target.bytes(),
        StructureView.U64,
        KhoVmallocChunk.STRUCTURE.headerSize(),
        used);
    used = 0;
  }

  private StructureView next(@Nullable StructureView before) {
    long address = newChunk.getAsLong();
    StructureView fresh =
        new StructureView(KhoVmallocChunk.STRUCTURE, address, pages.apply(address));
    if (before == null) {
      first = address;
    } else {
      ChunkWalk.NEXT.store(before, fresh);
    }
    return fresh;
  }
}
