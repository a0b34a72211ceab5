package org.kho4j.handover.vmalloc;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.WalkStream;
import org.kho4j.handover.wire.Where;

/** A preserved vmalloc area for reading: virtually contiguous, scattered over memory. */
public final class PreservedArea {

  private static final int STRETCH_BYTES = 1 << 20;

  private final HandoverMemory memory;
  private final Where where;
  private final Descriptor descriptor;

  private PreservedArea(HandoverMemory memory, Where where, Descriptor descriptor) {
    this.memory = memory;
    this.where = where;
    this.descriptor = descriptor;
  }

  /**
   * Returns the area of a descriptor. Its chunks are read by the methods that need them.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the descriptor contradicts itself
   */
  public static PreservedArea of(HandoverMemory memory, Where where, Descriptor descriptor) {
    PreservedArea area = new PreservedArea(memory, where, descriptor);
    area.walk();
    return area;
  }

  /** Returns the area of a descriptor, as {@link #of(HandoverMemory, Where, Descriptor)}. */
  public static PreservedArea of(HandoverMemory memory, Descriptor descriptor) {
    return of(memory, Where.ROOT.in("area"), descriptor);
  }

  private ChunkWalk walk() {
    return new ChunkWalk(memory, where, descriptor, ChunkWalk.THROW);
  }

  public Descriptor descriptor() {
    return descriptor;
  }

  /** Returns the size of the area in bytes. */
  public long bytes() {
    return descriptor.totalPages() * memory.pageSize().bytes();
  }

  /**
   * Returns the runs that {@link #forEachRun} visits, one object each. A chunk is read when the
   * first of its runs is requested; a terminal operation throws at the first broken one.
   */
  public Stream<BlockRun> runs() {
    return BlockRun.stream(visitor -> {
      ChunkWalk walk = walk();
      return () -> {
        if (walk.next()) {
          walk.runs(visitor);
          return true;
        }
        walk.flush(visitor);
        return false;
      };
    });
  }

  /** Returns the physical addresses of the chunks that list the area, in the order of the list. */
  public LongStream chunks() {
    return WalkStream.of(
            Stream.iterate(walk(), ChunkWalk::next, UnaryOperator.identity())
                .map(ChunkWalk::address))
        .mapToLong(Long::longValue);
  }

  /**
   * Visits the area's memory in virtual order, blocks that are physically adjacent as one run.
   *
   * @return the number of chunks that list the area
   * @throws org.kho4j.handover.wire.HandoverException if the chain loops, ends early, continues
   *     after the end, or has an address that no block can have
   */
  public int forEachRun(RunVisitor visitor) {
    return forEachRun(visitor, chunk -> {});
  }

  /**
   * Visits the area's memory as {@link #forEachRun(RunVisitor)} does, and the chunks that list it.
   *
   * @param chunks takes the physical address of each chunk
   * @return the number of chunks
   */
  public int forEachRun(RunVisitor visitor, LongConsumer chunks) {
    ChunkWalk walk = walk();
    while (walk.next()) {
      chunks.accept(walk.address());
      walk.runs(visitor);
    }
    walk.flush(visitor);
    return walk.chunks();
  }

  /** Takes a stretch of an area's content. */
  @FunctionalInterface
  public interface ContentVisitor {
    /**
     * Takes a stretch.
     *
     * @param content read-only, at most 1 MiB, ending where a page or the used part ends
     * @param offset of the stretch in the area
     * @param physicalAddress of the stretch's first byte
     */
    void content(MemorySegment content, long offset, long physicalAddress);
  }

  /**
   * Visits the used part of the area's content in virtual order; the rest is not read.
   *
   * @param used bytes to visit, from the area's start; no more than the area has are visited
   * @return the number of chunks that list the area
   * @throws org.kho4j.handover.wire.HandoverException as {@link #forEachRun} does, and if content
   *     cannot be read
   */
  public int forEachContent(long used, ContentVisitor visitor) {
    long[] offset = new long[1];
    return forEachRun((order, run, bytes) -> {
      long end = Math.min(bytes, used - offset[0]);
      for (long at = 0; at < end; at += STRETCH_BYTES) {
        MemorySegment content = memory.bytes(where, run + at, Math.min(STRETCH_BYTES, end - at));
        visitor.content(content, offset[0], run + at);
        offset[0] += content.byteSize();
      }
    });
  }

  /**
   * Returns all of the area's bytes: only its owner knows how many are used.
   *
   * @throws org.kho4j.handover.wire.HandoverException as {@link #forEachRun} does
   */
  public Content content() {
    forEachRun((order, run, bytes) -> {});
    return new Content(
        memory,
        where.toString(),
        bytes(),
        visitor -> {
          long[] offset = new long[1];
          forEachRun((order, run, bytes) -> {
            visitor.piece(offset[0], run, bytes);
            offset[0] += bytes;
          });
        });
  }
}
