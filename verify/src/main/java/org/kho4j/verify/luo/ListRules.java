package org.kho4j.verify.luo;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoArrays;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/**
 * LUO's lists of sessions and files: chains of blocks, whose rules are {@link BlockRules}, or
 * arrays in contiguous pages.
 */
public final class ListRules {

  public static final Rule POINTER =
      Rule.error(
          "ARRAY-001",
          "The pages of an array are in memory, and begin at a page boundary.",
          "Not checked (6.19 to 7.1): the kernel reads arbitrary memory, or faults.",
          "The wrong pointer is in the device tree (sessions) or in the session's entry (files).");

  public static final Rule COUNT =
      Rule.error(
          "ARRAY-002",
          "An array has no more entries than its pages hold: 16 pages for sessions, 2 for files.",
          "Not checked (6.19 to 7.1): the kernel reads beyond the pages, and treats other memory"
              + " as sessions or files.",
          "The count was overwritten: the writing kernel refuses more than fit.");

  public static final Rule PRESERVED =
      Rule.error(
          "ARRAY-003",
          "An array is preserved as one block: of order 4 for sessions, of order 1 for files.",
          "The next kernel may reuse the pages before it reads the array, and then reads other"
              + " data as sessions or files; or it warns about an untagged page when it frees the"
              + " array (6.19 to 7.1). If the pages are preserved in smaller blocks, it frees only"
              + " the first block, and leaks the rest without a message (7.1.8).",
          "The writing kernel unpreserved the pages, or preserved them with another order.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule BEHIND =
      Rule.error(
          "ARRAY-004",
          "The memory after the counted entries of an array is zero.",
          "Not read (6.19 to 7.1): the sessions or files beyond count are lost without a message,"
              + " and their memory stays reserved (inferred).",
          "A kernel zeroes an array when it allocates it, and counts every entry that it writes:"
              + " count was overwritten.",
          Outcome.RESTORED,
          Outcome.LOST);

  private ListRules() {}

  /**
   * Checks a list.
   *
   * @param list structure of the list
   * @param address of it; 0 for none
   * @param told number of entries by the list's owner, for a list without a count
   * @param visitor takes each entry
   * @return the number of entries; -1 if it is not known
   */
  static long check(
      Scene scene,
      Where where,
      Structure list,
      long address,
      Structure entry,
      long told,
      Consumer<StructureView> visitor) {
    if (list.has(KhoBlock.COUNT)) {
      return BlockRules.check(scene, where, address, entry, visitor);
    }
    return address == 0 ? 0 : array(scene, where, list, address, entry, told, visitor);
  }

  private static long array(
      Scene scene,
      Where where,
      Structure list,
      long address,
      Structure entry,
      long told,
      Consumer<StructureView> visitor) {
    int header = list.headerSize();
    StructureView first = scene.view(POINTER, where, address, list);
    if (first == null) {
      return -1;
    }
    scene.count("arrays", 1);
    if (!scene.own(PRESERVED, where, address, list.lifetime().order())) {
      return -1;
    }
    long count = list.has(LuoArrays.SESSIONS_COUNT) ? first.get(LuoArrays.SESSIONS_COUNT) : told;
    int entrySize = entry.headerSize();
    int capacity = (list.size(scene.pageSize()) - header) / entrySize;
    if (Long.compareUnsigned(count, capacity) > 0) {
      scene.reportBroken(
          COUNT,
          where,
          address,
          "count is %s, but %d pages hold %d",
          Long.toUnsignedString(count),
          list.pages(),
          capacity);
      return -1;
    }
    long used = count * entrySize;
    if (used > 0) {
      MemorySegment entries;
      try {
        entries = scene.memory().bytes(where, address + header, used);
      } catch (HandoverException e) {
        scene.reportBroken(POINTER, e);
        return -1;
      }
      for (int i = 0; i < count; i++) {
        long offset = (long) i * entrySize;
        visitor.accept(
            new StructureView(
                entry, address + header + offset, entries.asSlice(offset, entrySize)));
      }
    }
    long end = address + header + used;
    behind(scene, where, end, list.size(scene.pageSize()) - header - used, entrySize, count);
    return count;
  }

  /** Checks the rest of an array. No kernel needs it: it may be absent. */
  private static void behind(
      Scene scene, Where where, long address, long bytes, int entrySize, long count) {
    if (bytes == 0) {
      return;
    }
    try {
      MemorySegment rest = scene.memory().bytes(where, address, bytes);
      Unused.check(scene, BEHIND, where, rest, address, entrySize, count);
    } catch (HandoverException e) {
      if (e.isAbsent()) {
        scene
            .findings()
            .notChecked(
                "the memory after the counted entries of %s: not in the dump".formatted(where));
      } else {
        scene.report(POINTER, e);
      }
    }
  }
}
