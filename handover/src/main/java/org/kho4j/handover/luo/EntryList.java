package org.kho4j.handover.luo;

import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoArrays;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * Lists of sessions or files, in either form of {@link LuoVersion#sessionList}: contiguous pages,
 * whose list or owner has the count of entries, or a chain of KHO blocks, each with its count.
 */
final class EntryList {

  private EntryList() {}

  /** Writes an entry. */
  @FunctionalInterface
  interface EntryWriter {
    void write(int number, StructureView entry);
  }

  /** Returns the pointer from a session's file set to its files. */
  static KhoserPointer files(LuoVersion version) {
    return KhoserPointer.declare(version.filesPointer(), version.fileList());
  }

  /**
   * Returns the entries of a list, each read on request.
   *
   * @param list structure of the list
   * @param address of the list; 0 for none
   * @param entry structure of an entry
   * @param owners count of entries by the list's owner, for a list that has none
   * @throws org.kho4j.handover.wire.HandoverException if the list is broken, or has no room for
   *     them; of a chain of blocks a terminal operation throws it
   */
  static Stream<StructureView> entries(
      HandoverMemory memory,
      Where where,
      Structure list,
      long address,
      Structure entry,
      long owners) {
    if (list.has(KhoBlock.COUNT)) {
      return KhoBlocks.entries(memory, where, address, entry);
    }
    if (address == 0) {
      return Stream.empty();
    }
    memory.requirePage(where, address, "the address");
    int header = list.headerSize();
    long count =
        header == 0
            ? owners
            : new StructureView(list, address, memory.bytes(where, address, header))
                .get(LuoArrays.SESSIONS_COUNT);
    int capacity = capacity(list, memory.pageSize(), entry);
    if (Long.compareUnsigned(count, capacity) > 0) {
      throw where.broken(
          address,
          "count is %s, but %d pages hold %d"
              .formatted(Long.toUnsignedString(count), list.pages(), capacity));
    }
    if (count == 0) {
      return Stream.empty();
    }
    long bytes = header + count * entry.headerSize();
    StructureView array = new StructureView(list, address, memory.bytes(where, address, bytes));
    return LongStream.range(0, count).mapToObj(i -> array.element(i, entry));
  }

  /**
   * Writes a list, and preserves it.
   *
   * @param where path of the list for {@link org.kho4j.handover.generation.Placement}
   * @return its address; 0 where nothing had to be written
   * @throws PreservationException if it has no room for so many
   */
  static long write(
      Generation generation,
      Where where,
      Structure list,
      Structure entry,
      int count,
      EntryWriter writer) {
    return list.has(KhoBlock.COUNT)
        ? writeBlocks(generation, where, entry, count, writer)
        : writeArray(generation, where, list, entry, count, writer);
  }

  private static long writeArray(
      Generation generation,
      Where where,
      Structure list,
      Structure entry,
      int count,
      EntryWriter writer) {
    int header = list.headerSize();
    if (header == 0 && count == 0) {
      return 0;
    }
    int capacity = capacity(list, generation.pageSize(), entry);
    if (count > capacity) {
      throw new PreservationException(
          where.toString(),
          "%d entries, but the %d pages of this version hold %d"
              .formatted(count, list.pages(), capacity));
    }
    Folio folio = generation.allocateZeroed(where.toString(), list.lifetime().order());
    generation.preserve(folio);
    StructureView array = generation.view(folio, list);
    if (header != 0) {
      array.set(LuoArrays.SESSIONS_COUNT, count);
    }
    for (int i = 0; i < count; i++) {
      writer.write(i, array.element(i, entry));
    }
    return folio.address();
  }

  private static long writeBlocks(
      Generation generation, Where where, Structure entry, int count, EntryWriter writer) {
    int capacity = KhoBlock.capacity(generation.pageSize(), entry.headerSize());
    if (Math.ceilDiv(count, capacity) > KhoBlock.MAX_BLOCKS) {
      throw new PreservationException(
          where.toString(),
          "%,d entries need more than %,d blocks, the maximum of a kernel"
              .formatted(count, KhoBlock.MAX_BLOCKS));
    }
    long first = 0;
    @Nullable StructureView before = null;
    for (int start = 0; start < count; start += capacity) {
      Folio folio = generation.allocateZeroed(where.in("block", start / capacity).toString(), 0);
      generation.preserve(folio);
      StructureView block = generation.view(folio, KhoBlock.STRUCTURE);
      int used = Math.min(capacity, count - start);
      block.set(KhoBlock.COUNT, used);
      for (int i = 0; i < used; i++) {
        writer.write(start + i, block.element(i, entry));
      }
      if (before == null) {
        first = folio.address();
      } else {
        KhoBlocks.NEXT.store(before, block);
      }
      before = block;
    }
    return first;
  }

  private static int capacity(Structure list, PageSize pageSize, Structure entry) {
    return (list.size(pageSize) - list.headerSize()) / entry.headerSize();
  }
}
