package org.kho4j.handover.map;

import java.util.function.Consumer;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoserMemChunk;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/**
 * Walks the chunks of kho-v1's map and their elements, which do not depend on the size of bitmaps.
 * Broken parts are reported and left out; the walk ends at {@link PreservedMap#MAX_PROBLEMS}.
 */
final class ChunkList {

  /** The pointer from a chunk to the next one. */
  static final KhoserPointer NEXT =
      KhoserPointer.declare(KhoserMemChunk.NEXT, KhoserMemChunk.STRUCTURE);

  /**
   * The pointer from an element to its bitmap. A small bitmap has the same name in the contract.
   */
  static final KhoserPointer BITMAP =
      KhoserPointer.declare(KhoserMemChunk.BITMAP, KhoserMemChunk.PAGE_BITMAP);

  /** No handover has more bitmaps: this many small bitmaps cover 16 TiB in 4K pages. */
  static final int MAX_BITMAPS = 1 << 20;

  /** Takes the parts of the list, in its order. */
  interface Visitor {
    /** Takes a chunk, before its elements. */
    default void chunk(long address) {}

    /**
     * Takes an element.
     *
     * @param place of the element
     * @param at physical address of the element
     * @param order of the chunk's blocks, from 0 to the largest that physical memory can have
     * @throws HandoverException if the element is broken
     */
    void element(Where place, long at, int order, long physStart, long bitmap);
  }

  private final HandoverMemory memory;
  private final Visitor visitor;
  private final Consumer<HandoverException> problems;
  private final VisitedPages seen = new VisitedPages();
  private int problemCount;
  private int chunks;
  private long elements;

  private ChunkList(HandoverMemory memory, Visitor visitor, Consumer<HandoverException> problems) {
    this.memory = memory;
    this.visitor = visitor;
    this.problems = problems;
  }

  /** Walks the list from its first chunk on. */
  static void walk(
      HandoverMemory memory, long first, Visitor visitor, Consumer<HandoverException> problems) {
    ChunkList list = new ChunkList(memory, visitor, problems);
    long chunk = first;
    while (chunk != 0 && list.problemCount < PreservedMap.MAX_PROBLEMS) {
      chunk = list.chunk(chunk);
    }
  }

  /** Takes a chunk; returns the next one's address, 0 at the end and where the list breaks off. */
  private long chunk(long address) {
    Where place = PreservedMap.PATH.in("chunk", chunks);
    StructureView chunk;
    try {
      chunk = new StructureView(KhoserMemChunk.STRUCTURE, address, memory.page(place, address));
      if (!seen.add(place, address)) {
        throw place.broken(address, "the list reaches this chunk a second time: it has no end");
      }
    } catch (HandoverException e) {
      report(e);
      return 0;
    }
    chunks++;
    visitor.chunk(address);
    try {
      elements(place, chunk);
    } catch (HandoverException e) {
      report(e);
    }
    return elements > MAX_BITMAPS ? 0 : NEXT.address(chunk);
  }

  private void elements(Where place, StructureView chunk) {
    long order = chunk.get(KhoserMemChunk.ORDER);
    long count = chunk.get(KhoserMemChunk.NUM_ELMS);
    int capacity = KhoserMemChunk.STRUCTURE.capacity(memory.pageSize());
    int maxOrder = KhoRadix.maxOrder(memory.pageSize());
    if (order > maxOrder) {
      throw place.broken(
          chunk.address(), "order is %d, which is not within 0 to %d".formatted(order, maxOrder));
    }
    if (count > capacity) {
      throw place.broken(
          chunk.address(),
          "num_elms is %d, but a chunk has room for %d".formatted(count, capacity));
    }
    if (count == 0) {
      throw place.broken(chunk.address(), "num_elms is 0");
    }
    elements += count;
    if (elements > MAX_BITMAPS) {
      throw place.broken(chunk.address(), "more than %,d bitmaps".formatted(MAX_BITMAPS));
    }
    StructureView element = chunk.element(0);
    for (int i = 0; i < count && problemCount < PreservedMap.MAX_PROBLEMS; i++) {
      try {
        visitor.element(
            place.in("element", i),
            element.address(),
            (int) order,
            element.address(KhoserMemChunk.PHYS_START),
            BITMAP.address(element));
      } catch (HandoverException e) {
        report(e);
      }
      element.next();
    }
  }

  private void report(HandoverException problem) {
    problemCount++;
    problems.accept(problem);
  }
}
