package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.ChainGuard;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Located;
import org.kho4j.handover.wire.PointerField;
import org.kho4j.handover.wire.Where;

/** A preserved vmalloc area: contiguous to whoever used it, scattered over physical memory. */
public final class VmallocArea {

  private static final PointerField<Chunk> FIRST =
      new PointerField<>(KhoVmalloc.FIRST, Chunk::load);
  private static final PointerField<Chunk> NEXT =
      new PointerField<>(KhoVmallocChunk.NEXT, Chunk::load);

  /** A page of the area's page list. */
  private record Chunk(long address, MemorySegment page) implements Located {
    static Chunk load(HandoverMemory memory, Where where, long address) {
      return new Chunk(address, memory.page(where, address));
    }
  }

  private final HandoverMemory memory;
  private final Where where;
  private final MemorySegment descriptor;
  private final long address;
  private final long totalPages;
  private final int order;

  private VmallocArea(HandoverMemory memory, Where where, MemorySegment descriptor, long address) {
    this.memory = memory;
    this.where = where;
    this.descriptor = descriptor;
    this.address = address;
    this.totalPages = Wire.u32(descriptor, KhoVmalloc.TOTAL_PAGES);
    this.order = Wire.u16(descriptor, KhoVmalloc.ORDER);
  }

  /**
   * Reads a descriptor. Its chunks are read by {@link #forEachRun}.
   *
   * @param descriptor the 16 bytes of the descriptor
   * @param address physical address of the descriptor, for messages
   * @throws HandoverException if the descriptor contradicts itself
   */
  public static VmallocArea of(
      HandoverMemory memory, Where where, MemorySegment descriptor, long address) {
    VmallocArea area = new VmallocArea(memory, where, descriptor, address);
    if (area.order > KhoRadix.maxOrder(memory.pageSize())) {
      throw where.broken(
          address,
          "order is %d, beyond %d".formatted(area.order, KhoRadix.maxOrder(memory.pageSize())));
    }
    if ((area.totalPages & ((1L << area.order) - 1)) != 0) {
      throw where.broken(
          address,
          "total_pages is %d, no multiple of 2^%d, its order"
              .formatted(area.totalPages, area.order));
    }
    if ((area.first() == 0) != (area.totalPages == 0)) {
      throw where.broken(
          address, "total_pages is %d, and first is 0x%x".formatted(area.totalPages, area.first()));
    }
    return area;
  }

  /** Physical address of the first chunk; 0 for an area of no pages. */
  public long first() {
    return Wire.u64(descriptor, KhoVmalloc.FIRST);
  }

  /** Base pages in the area. */
  public long totalPages() {
    return totalPages;
  }

  /**
   * {@link KhoVmalloc#FLAG_ALLOC} and {@link KhoVmalloc#FLAG_ALLOW_HUGE}, and whatever else is set.
   */
  public int flags() {
    return Wire.u16(descriptor, KhoVmalloc.FLAGS);
  }

  /** Page order of the mapping. */
  public int order() {
    return order;
  }

  /** Size of the area in bytes. */
  public long bytes() {
    return totalPages * memory.pageSize().bytes();
  }

  /** Takes a run of physically contiguous memory. */
  @FunctionalInterface
  public interface RunVisitor {
    /**
     * Takes one run.
     *
     * @param address physical address of its first byte
     * @param bytes a multiple of the block size
     */
    void run(long address, long bytes);
  }

  /**
   * Visits the area's memory in virtual order, blocks that are physically adjacent as one run.
   *
   * @return how many chunks list it
   * @throws HandoverException if the chain loops, ends early, goes on after the end, or has an
   *     address that cannot be
   */
  public int forEachRun(RunVisitor visitor) {
    PageSize pageSize = memory.pageSize();
    int capacity = KhoVmallocChunk.STRUCTURE.capacity(pageSize);
    int header = KhoVmallocChunk.STRUCTURE.headerSize();
    long blockBytes = pageSize.blockBytes(order);
    long offsetMask = pageSize.bytes() - 1L;
    long lastBlock = (1L << KhoRadix.MAX_PHYSICAL_BITS) - blockBytes;
    long remaining = totalPages >>> order;
    long runStart = 0;
    long runEnd = 0;
    ChainGuard guard = new ChainGuard();
    int chunks = 0;
    @Nullable Chunk chunk = FIRST.load(descriptor, memory, where.in("chunk", 0));
    while (chunk != null) {
      guard.next(where, "chunk", chunks, chunk.address);
      MemorySegment page = chunk.page;
      int used = 0;
      while (used < capacity) {
        long block = page.get(Wire.U64, header + 8L * used);
        if (block == 0) {
          break;
        }
        if ((block & offsetMask) != 0 || Long.compareUnsigned(block, lastBlock) > 0) {
          throw where
              .in("chunk", chunks)
              .broken(
                  chunk.address,
                  "entry %d is 0x%x, %s".formatted(used, block, whyImpossible(block)));
        }
        if (block == runEnd) {
          long possible = ((lastBlock - block) >>> Long.numberOfTrailingZeros(blockBytes)) + 1;
          int most = (int) Math.min(capacity - used, possible);
          int run = adjacent(page, header + 8L * used, most, block, blockBytes);
          runEnd += run * blockBytes;
          used += run;
          continue;
        }
        if (runEnd != runStart) {
          visitor.run(runStart, runEnd - runStart);
        }
        runStart = block;
        runEnd = block + blockBytes;
        used++;
      }
      if (used > remaining) {
        throw where
            .in("chunk", chunks)
            .broken(
                chunk.address,
                "the chain lists more than the %d blocks of total_pages"
                    .formatted(totalPages >>> order));
      }
      remaining -= used;
      chunks++;
      chunk = NEXT.load(page, memory, where.in("chunk", chunks));
    }
    if (remaining != 0) {
      throw where.broken(
          address,
          "the chain ends after %d of the %d blocks of total_pages"
              .formatted((totalPages >>> order) - remaining, totalPages >>> order));
    }
    if (runEnd != runStart) {
      visitor.run(runStart, runEnd - runStart);
    }
    return chunks;
  }

  /**
   * How many of {@code most} entries list blocks that follow each other from {@code first} on. In a
   * loop of its own, because this one the JIT compiler unrolls.
   */
  private static int adjacent(
      MemorySegment page, long offset, int most, long first, long blockBytes) {
    long expected = first;
    for (int i = 0; i < most; i++) {
      if (page.get(Wire.U64, offset + ((long) i << 3)) != expected) {
        return i;
      }
      expected += blockBytes;
    }
    return most;
  }

  /**
   * Visits the pages that list the area, in order.
   *
   * @throws HandoverException if the chain loops, or a page of it cannot be read
   */
  public void forEachChunk(LongConsumer visitor) {
    ChainGuard guard = new ChainGuard();
    int chunks = 0;
    @Nullable Chunk chunk = FIRST.load(descriptor, memory, where);
    while (chunk != null) {
      guard.next(where, "chunk", chunks, chunk.address);
      visitor.accept(chunk.address);
      chunk = NEXT.load(chunk.page, memory, where.in("chunk", chunks++));
    }
  }

  private String whyImpossible(long block) {
    return memory.pageSize().isAligned(block)
        ? "a block of order %d beyond 2^%d".formatted(order, KhoRadix.MAX_PHYSICAL_BITS)
        : "not aligned to a page of " + memory.pageSize();
  }

  /** Takes a stretch of an area's content. */
  @FunctionalInterface
  public interface ContentVisitor {
    /**
     * Takes a stretch.
     *
     * @param content read-only, at most 1 MiB, ending where a page or what is used ends
     * @param offset of it in the area
     * @param physicalAddress of its first byte
     */
    void content(MemorySegment content, long offset, long physicalAddress);
  }

  private static final int STRETCH_BYTES = 1 << 20;

  /**
   * Visits the area's content in virtual order, as far as its owner uses it: the rest is not read.
   *
   * @param used bytes to visit, from the area's start; no more than the area has are visited
   * @return how many chunks list the area
   * @throws HandoverException as {@link #forEachRun} does, and if content cannot be read
   */
  public int forEachContent(long used, ContentVisitor visitor) {
    long[] offset = new long[1];
    return forEachRun((run, bytes) -> {
      long end = Math.min(bytes, used - offset[0]);
      for (long at = 0; at < end; at += STRETCH_BYTES) {
        MemorySegment content = memory.bytes(where, run + at, Math.min(STRETCH_BYTES, end - at));
        visitor.content(content, offset[0], run + at);
        offset[0] += content.byteSize();
      }
    });
  }

  /**
   * The area's bytes, all of them: its owner alone knows how many are used.
   *
   * @throws HandoverException as {@link #forEachRun} does
   */
  public Content content() {
    forEachRun((run, bytes) -> {});
    return new Content(
        memory,
        where,
        bytes(),
        visitor -> {
          long[] offset = new long[1];
          forEachRun((run, bytes) -> {
            visitor.piece(offset[0], run, bytes);
            offset[0] += bytes;
          });
        });
  }
}
