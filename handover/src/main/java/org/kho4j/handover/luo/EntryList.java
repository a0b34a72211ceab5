package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.KhoBlocks;
import org.kho4j.handover.Wire;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.Where;

/** The two ways to list sessions or files: {@link LuoVersion.Listing}. */
enum EntryList {
  /** Contiguous pages; how many entries there are, they say themselves, or whoever has the list. */
  ARRAY {
    @Override
    long forEach(
        HandoverMemory memory,
        Where where,
        Structure list,
        long address,
        int entrySize,
        long told,
        KhoBlocks.EntryVisitor visitor) {
      if (address == 0) {
        return 0;
      }
      memory.requirePage(where, address, "the address");
      int header = list.headerSize();
      long count =
          header == 0 ? told : Wire.u64(memory.bytes(where, address, header), counter(list));
      int capacity = capacity(list, memory.pageSize(), entrySize);
      if (Long.compareUnsigned(count, capacity) > 0) {
        throw where.broken(
            address,
            "count is %s, and %d pages hold %d"
                .formatted(Long.toUnsignedString(count), list.pages(), capacity));
      }
      if (count > 0) {
        MemorySegment entries = memory.bytes(where, address + header, count * entrySize);
        for (int i = 0; i < count; i++) {
          long offset = (long) i * entrySize;
          visitor.entry(entries.asSlice(offset, entrySize), address + header + offset);
        }
      }
      return count;
    }

    @Override
    long write(
        Generation generation,
        Where where,
        Structure list,
        int entrySize,
        int count,
        EntryWriter writer) {
      int header = list.headerSize();
      if (header == 0 && count == 0) {
        return 0;
      }
      int capacity = capacity(list, generation.pageSize(), entrySize);
      if (count > capacity) {
        throw new PreservationException(
            where.toString(),
            "%d entries, and the %d pages of this version hold %d"
                .formatted(count, list.pages(), capacity));
      }
      Folio folio = generation.allocate(where.toString(), list.lifetime().order());
      generation.preserve(folio);
      MemorySegment array = generation.segment(folio);
      if (header != 0) {
        Wire.putU64(array, counter(list), count);
      }
      for (int i = 0; i < count; i++) {
        writer.write(i, array.asSlice(header + (long) i * entrySize, entrySize));
      }
      return folio.address();
    }

    private Field counter(Structure list) {
      return list.field("count").orElseThrow();
    }

    private int capacity(Structure list, PageSize pageSize, int entrySize) {
      return (list.size(pageSize) - list.headerSize()) / entrySize;
    }
  },
  /** A chain of KHO blocks, each with its count. */
  BLOCKS {
    @Override
    long forEach(
        HandoverMemory memory,
        Where where,
        Structure list,
        long address,
        int entrySize,
        long told,
        KhoBlocks.EntryVisitor visitor) {
      return KhoBlocks.forEach(memory, where, address, entrySize, visitor);
    }

    @Override
    long write(
        Generation generation,
        Where where,
        Structure list,
        int entrySize,
        int count,
        EntryWriter writer) {
      int capacity = KhoBlock.capacity(generation.pageSize(), entrySize);
      if (Math.ceilDiv(count, capacity) > KhoBlock.MAX_BLOCKS) {
        throw new PreservationException(
            where.toString(),
            "%,d entries need more than %,d blocks, and a kernel takes no more"
                .formatted(count, KhoBlock.MAX_BLOCKS));
      }
      long first = 0;
      MemorySegment before = null;
      for (int start = 0; start < count; start += capacity) {
        Folio folio = generation.allocate(where.in("block", start / capacity).toString(), 0);
        generation.preserve(folio);
        MemorySegment block = generation.segment(folio);
        int used = Math.min(capacity, count - start);
        Wire.putU64(block, KhoBlock.COUNT, used);
        for (int i = 0; i < used; i++) {
          writer.write(
              start + i,
              block.asSlice(KhoBlock.STRUCTURE.headerSize() + (long) i * entrySize, entrySize));
        }
        if (before == null) {
          first = folio.address();
        } else {
          Wire.putU64(before, KhoBlock.NEXT, folio.address());
        }
        before = block;
      }
      return first;
    }
  };

  /** Writes an entry. */
  @FunctionalInterface
  interface EntryWriter {
    void write(int number, MemorySegment entry);
  }

  static EntryList of(LuoVersion.Listing listing) {
    return switch (listing) {
      case ARRAY -> ARRAY;
      case BLOCKS -> BLOCKS;
    };
  }

  /**
   * Visits every entry.
   *
   * @param list what the entries stand in
   * @param address of it; 0 for none
   * @param entrySize bytes of an entry
   * @param told how many entries there are by the list's owner; not asked where the list says it
   * @return how many there are
   * @throws org.kho4j.handover.wire.HandoverException if the list is broken, or has no room for them
   */
  abstract long forEach(
      HandoverMemory memory,
      Where where,
      Structure list,
      long address,
      int entrySize,
      long told,
      KhoBlocks.EntryVisitor visitor);

  /**
   * Writes a list, and preserves it.
   *
   * @param where it stands: the path for {@link org.kho4j.handover.generation.Placement}
   * @return its address; 0 where nothing had to be written
   * @throws PreservationException if it has no room for so many
   */
  abstract long write(
      Generation generation,
      Where where,
      Structure list,
      int entrySize,
      int count,
      EntryWriter writer);
}
