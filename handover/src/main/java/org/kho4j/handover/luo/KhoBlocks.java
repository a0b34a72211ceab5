package org.kho4j.handover.luo;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/** The entries of a chain of KHO blocks: pages of entries of one size. */
final class KhoBlocks implements Iterator<StructureView> {

  /** The pointer from a block to the next. */
  static final KhoserPointer NEXT = KhoserPointer.declare(KhoBlock.NEXT, KhoBlock.STRUCTURE);

  private final HandoverMemory memory;
  private final Where where;
  private final Structure entry;
  private final int capacity;
  private final VisitedPages seen = new VisitedPages();
  private @Nullable StructureView block;
  private int blocks;
  private long count;
  private int next;

  private KhoBlocks(HandoverMemory memory, Where where, long first, Structure entry) {
    this.memory = memory;
    this.where = where;
    this.entry = entry;
    this.capacity = KhoBlock.capacity(memory.pageSize(), entry.headerSize());
    take(NEXT.load(memory, where.in("block", 0), first));
  }

  /**
   * The entries of a chain, each read when it is asked for.
   *
   * @param first physical address of the first block; 0 for none
   * @param entry structure of an entry
   * @throws org.kho4j.handover.wire.HandoverException if the first block is broken; a terminal
   *     operation throws it if the chain loops or is longer than a kernel takes, or a block's count
   *     cannot be
   */
  static Stream<StructureView> entries(
      HandoverMemory memory, Where where, long first, Structure entry) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(
            new KhoBlocks(memory, where, first, entry), Spliterator.ORDERED | Spliterator.NONNULL),
        false);
  }

  private void take(@Nullable StructureView taken) {
    block = taken;
    next = 0;
    if (taken == null) {
      return;
    }
    Where place = where.in("block", blocks);
    if (blocks == KhoBlock.MAX_BLOCKS) {
      throw where.broken(
          taken.address(),
          "more than %,d blocks: a kernel takes no more".formatted(KhoBlock.MAX_BLOCKS));
    }
    if (!seen.add(place, taken.address())) {
      throw place.broken(taken.address(), "the chain has come back to a block that it had already");
    }
    count = taken.get(KhoBlock.COUNT);
    if (count == 0 || Long.compareUnsigned(count, capacity) > 0) {
      throw place.broken(
          taken.address(),
          "count is %s, not within 1 to %d".formatted(Long.toUnsignedString(count), capacity));
    }
    blocks++;
  }

  @Override
  public boolean hasNext() {
    if (block != null && next == count) {
      take(NEXT.load(memory, where.in("block", blocks), block));
    }
    return block != null;
  }

  @Override
  public StructureView next() {
    if (!hasNext() || block == null) {
      throw new NoSuchElementException();
    }
    return block.element(next++, entry);
  }
}
