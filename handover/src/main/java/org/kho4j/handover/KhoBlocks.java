package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.handover.wire.ChainGuard;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Located;
import org.kho4j.handover.wire.PointerField;
import org.kho4j.handover.wire.Where;

/** A chain of KHO blocks: pages of entries of one size. */
public final class KhoBlocks {

  private record Block(long address, MemorySegment page) implements Located {
    static Block load(HandoverMemory memory, Where where, long address) {
      return new Block(address, memory.page(where, address));
    }

    long count() {
      return Wire.u64(page, KhoBlock.COUNT);
    }
  }

  private static final PointerField<Block> NEXT = new PointerField<>(KhoBlock.NEXT, Block::load);

  /** Takes an entry. */
  @FunctionalInterface
  public interface EntryVisitor {
    /**
     * Takes one entry.
     *
     * @param entry its bytes
     * @param address physical address of the entry
     */
    void entry(MemorySegment entry, long address);
  }

  private KhoBlocks() {}

  /**
   * Visits every entry of a chain.
   *
   * @param first physical address of the first block; 0 for none
   * @param entrySize bytes of an entry
   * @return how many entries there are
   * @throws HandoverException if the chain loops or is longer than a kernel takes, or a block's
   *     count cannot be
   */
  public static long forEach(
      HandoverMemory memory, Where where, long first, int entrySize, EntryVisitor visitor) {
    int capacity = KhoBlock.capacity(memory.pageSize(), entrySize);
    ChainGuard guard = new ChainGuard();
    int blocks = 0;
    long entries = 0;
    @Nullable Block block = first == 0 ? null : Block.load(memory, where.in("block", 0), first);
    while (block != null) {
      if (blocks == KhoBlock.MAX_BLOCKS) {
        throw where.broken(
            block.address,
            "more than %,d blocks: a kernel takes no more".formatted(KhoBlock.MAX_BLOCKS));
      }
      guard.next(where, "block", blocks, block.address);
      long count = block.count();
      if (count == 0 || Long.compareUnsigned(count, capacity) > 0) {
        throw where
            .in("block", blocks)
            .broken(
                block.address,
                "count is %s, not within 1 to %d"
                    .formatted(Long.toUnsignedString(count), capacity));
      }
      for (int i = 0; i < count; i++) {
        long offset = KhoBlock.STRUCTURE.headerSize() + (long) i * entrySize;
        visitor.entry(block.page.asSlice(offset, entrySize), block.address + offset);
      }
      entries += count;
      blocks++;
      block = NEXT.load(block.page, memory, where.in("block", blocks));
    }
    return entries;
  }
}
