package org.kho4j.handover.luo;

import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/** A chain of KHO blocks: pages of entries of one size. */
final class KhoBlocks {

  /** The pointer from a block to the next. */
  static final KhoserPointer NEXT = KhoserPointer.declare(KhoBlock.NEXT, KhoBlock.STRUCTURE);

  private final Where where;
  private final int capacity;
  private final VisitedPages seen = new VisitedPages();
  private int blocks;

  private KhoBlocks(Where where, int capacity) {
    this.where = where;
    this.capacity = capacity;
  }

  /**
   * Returns the entries of a chain, each read on request.
   *
   * @param first physical address of the first block; 0 for none
   * @param entry structure of an entry
   * @throws org.kho4j.handover.wire.HandoverException if the first block is broken; a terminal
   *     operation throws it if the chain loops or is longer than a kernel takes, or a block's count
   *     cannot be
   */
  static Stream<StructureView> entries(
      HandoverMemory memory, Where where, long first, Structure entry) {
    KhoBlocks chain =
        new KhoBlocks(where, KhoBlock.capacity(memory.pageSize(), entry.headerSize()));
    StructureView head = chain.checked(NEXT.load(memory, chain.next(), first));
    return Stream.iterate(
            head, Objects::nonNull, block -> chain.checked(NEXT.load(memory, chain.next(), block)))
        .flatMap(block ->
            LongStream.range(0, block.get(KhoBlock.COUNT)).mapToObj(i -> block.element(i, entry)));
  }

  /** Returns the place of the block behind those that were checked. */
  private Where next() {
    return where.in("block", blocks);
  }

  private @Nullable StructureView checked(@Nullable StructureView block) {
    if (block == null) {
      return null;
    }
    if (blocks == KhoBlock.MAX_BLOCKS) {
      throw where.broken(
          block.address(),
          "more than %,d blocks, the maximum of a kernel".formatted(KhoBlock.MAX_BLOCKS));
    }
    Where place = next();
    if (!seen.add(place, block.address())) {
      throw place.broken(block.address(), "the chain returns to an earlier block");
    }
    long count = block.get(KhoBlock.COUNT);
    if (count == 0 || Long.compareUnsigned(count, capacity) > 0) {
      throw place.broken(
          block.address(),
          "count is %s, not within 1 to %d".formatted(Long.toUnsignedString(count), capacity));
    }
    blocks++;
    return block;
  }
}
