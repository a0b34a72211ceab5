package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoArrays;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * LUO's lists of sessions and files: chains of blocks, whose rules are {@link BlockRules}, or
 * arrays in contiguous pages.
 */
final class ListRules {

  static final Rule POINTER =
      Rule.error(
          "ARRAY-001",
          "The pages of an array are in memory, from the start of a page on.",
          "Not checked (6.19 to 7.1): the kernel reads whatever is there, or faults.",
          "The pointer is in the device tree for sessions, and in the session's entry for files.");

  static final Rule COUNT =
      Rule.error(
          "ARRAY-002",
          "An array has no more entries than its pages hold: 16 pages for sessions, 2 for files.",
          "Not checked (6.19 to 7.1): the kernel reads on behind the pages, and takes what is there for sessions or files.",
          "The count was overwritten: the writing kernel refuses more than fit.");

  static final Rule PRESERVED =
      Rule.error(
          "ARRAY-003",
          "An array is preserved as one block: of order 4 for sessions, of order 1 for files.",
          "The next kernel uses the pages for something else before they are read, and takes that for sessions or files; or"
              + " freeing them is a warning about an untagged page (6.19 to 7.1). Of pages that are preserved in smaller blocks,"
              + " the first block alone is freed, and the rest leaks without a word (7.1.8).",
          "Somebody unpreserved the pages, or preserved them with another order.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule BEHIND =
      Rule.error(
          "ARRAY-004",
          "Nothing is stored behind the entries that an array counts.",
          "Not read (6.19 to 7.1): the sessions or files that count leaves out are lost without a word, and their memory"
              + " stays reserved (inferred).",
          "A kernel allocates arrays zeroed and writes only what it counts: count was overwritten.",
          Outcome.RESTORED,
          Outcome.LOST);

  private ListRules() {}

  /**
   * Checks a list.
   *
   * @param list what the entries stand in
   * @param address of it; 0 for none
   * @param told how many entries there are by the list's owner, where the list does not say it
   * @param visitor takes each entry
   * @return how many entries there are; -1 if that cannot be told
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
    scene.counts().add("arrays", 1);
    if (!scene.own(PRESERVED, where, address, list.lifetime().order())) {
      return -1;
    }
    long count = list.has(LuoArrays.SESSIONS_COUNT) ? first.get(LuoArrays.SESSIONS_COUNT) : told;
    int entrySize = entry.headerSize();
    int capacity = (list.size(scene.pageSize()) - header) / entrySize;
    if (Long.compareUnsigned(count, capacity) > 0) {
      scene
          .findings()
          .report(
              COUNT,
              where,
              address,
              "count is %s, and %d pages hold %d",
              Long.toUnsignedString(count),
              list.pages(),
              capacity);
      return -1;
    }
    MemorySegment entries;
    try {
      entries =
          scene
              .memory()
              .bytes(where, address + header, list.size(scene.pageSize()) - (long) header);
    } catch (HandoverException e) {
      scene.findings().report(POINTER, e);
      return -1;
    }
    for (int i = 0; i < count; i++) {
      long offset = (long) i * entrySize;
      visitor.accept(
          new StructureView(entry, address + header + offset, entries.asSlice(offset, entrySize)));
    }
    long used = count * entrySize;
    Unused.check(
        scene, BEHIND, where, entries.asSlice(used), address + header + used, entrySize, count);
    return count;
  }
}
