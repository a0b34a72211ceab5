package org.kho4j.handover.luo;

import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/** A chain of KHO blocks: pages of entries of one size. */
public final class KhoBlocks {

  /** The pointer from a block to the next. */
  public static final KhoserPointer NEXT = KhoserPointer.declare(KhoBlock.NEXT, KhoBlock.STRUCTURE);

  /** Takes an entry. */
  @FunctionalInterface
  public interface EntryVisitor {
    /** Takes one entry. */
    void entry(StructureView entry);
  }

  private KhoBlocks() {}

  /**
   * Visits every entry of a chain.
   *
   * @param first physical address of the first block; 0 for none
   * @param entry structure of an entry
   * @return how many entries there are
   * @throws org.kho4j.handover.wire.HandoverException if the chain loops or is longer than a kernel
   *     takes, or a block's count cannot be
   */
  public static long forEach(
      HandoverMemory memory, Where where, long first, Structure entry, EntryVisitor visitor) {
    int capacity = KhoBlock.capacity(memory.pageSize(), entry.headerSize());
    VisitedPages seen = new VisitedPages();
    int blocks = 0;
    long entries = 0;
    @Nullable StructureView block = NEXT.load(memory, where.in("block", 0), first);
    while (block != null) {
      Where place = where.in("block", blocks);
      if (blocks == KhoBlock.MAX_BLOCKS) {
        throw where.broken(
            block.address(),
            "more than %,d blocks: a kernel takes no more".formatted(KhoBlock.MAX_BLOCKS));
      }
      if (!seen.add(place, block.address())) {
        throw place.broken(
            block.address(), "the chain has come back to a block that it had already");
      }
      long count = block.get(KhoBlock.COUNT);
      if (count == 0 || Long.compareUnsigned(count, capacity) > 0) {
        throw place.broken(
            block.address(),
            "count is %s, not within 1 to %d".formatted(Long.toUnsignedString(count), capacity));
      }
      for (int i = 0; i < count; i++) {
        visitor.entry(block.element(i, entry));
      }
      entries += count;
      blocks++;
      block = NEXT.load(memory, where.in("block", blocks), block);
    }
    return entries;
  }
}
