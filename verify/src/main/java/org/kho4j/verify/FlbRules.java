package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.LuoFlb;
import org.kho4j.handover.Wire;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/** LUO's file-lifecycle-bound data: one page of entries. */
final class FlbRules {

  static final Rule PAGE =
      Rule.error(
          "FLB-001",
          "There is a page of FLBs, and it is in memory.",
          "Not checked (7.0 to 7.3): its address is always set, so the kernel reads whatever is there, or faults.",
          "What points at the page was overwritten.",
          Outcome.LOST,
          Outcome.FAILED,
          Outcome.PANIC);

  static final Rule PRESERVED =
      Rule.error(
          "FLB-002",
          "The page of FLBs is preserved as a block of order 0.",
          "The next kernel uses the page for something else, and finds no FLB, or nonsense, when the first file asks"
              + " (7.0 to 7.3); a driver that asks in boot is lucky.",
          "Somebody unpreserved the page, or preserved it with another order.",
          Outcome.PANIC,
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule COUNT =
      Rule.error(
          "FLB-003",
          "The FLBs fit into their page.",
          "Not checked (7.0 to 7.3): the kernel reads on behind the page, for a name that is not in it.",
          "The header was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule PAGES =
      Rule.warning(
          "FLB-004",
          "The header says that there is one page.",
          "Every kernel writes 1 (7.0 to 7.3); what one does with another number is not known.",
          "The header was overwritten, or a newer kernel wrote it.");

  static final Rule NAME =
      Rule.error(
          "FLB-005",
          "Every FLB's name has its NUL.",
          "Not checked (7.0 to 7.3): strings are compared beyond the field, the FLB is not found, and its users fail.",
          "The entry was overwritten.");

  static final Rule SAME_NAME =
      Rule.error(
          "FLB-006",
          "No two FLBs have the same name.",
          "The first one is found (7.0 to 7.3): who means the second gets data of the first, or finds nothing.",
          "The page was overwritten.");

  static final Rule REFERENCES =
      Rule.warning(
          "FLB-007",
          "An FLB is held by at least one file, and by no more files than there are.",
          "Not checked (7.0 to 7.3). Too many: the FLB is never given back. Too few, or an FLB of the next kernel that is not"
              + " there at all: its count underflows when a file is finished, which is a warning (7.3.4; observed).",
          "The entry or the page was overwritten, or files were taken out of the sessions.",
          Outcome.WARNED,
          Outcome.FAILED);

  private FlbRules() {}

  /**
   * Checks the page.
   *
   * @param files in all sessions, or -1 if that is not known
   */
  static void check(Scene scene, Where where, long head, long address, long files) {
    Findings findings = scene.findings();
    if (address == 0) {
      findings.report(PAGE, where, head, "the address is 0");
      return;
    }
    MemorySegment page = scene.page(PAGE, where, address);
    if (page == null) {
      return;
    }
    scene.own(PRESERVED, where, address, 0);
    long pages = Wire.u64(page, LuoFlb.HEADER_PGCNT);
    if (pages != 1) {
      findings.report(PAGES, where, address, "pgcnt is %s, not 1", Long.toUnsignedString(pages));
    }
    long count = Wire.u64(page, LuoFlb.HEADER_COUNT);
    int capacity = LuoFlb.HEADER.capacity(scene.pageSize());
    if (Long.compareUnsigned(count, capacity) > 0) {
      findings.report(
          COUNT,
          where,
          address,
          "count is %s, and a page holds %d",
          Long.toUnsignedString(count),
          capacity);
      count = 0; // what the entries are cannot be told
    }
    Words names = new Words();
    int size = LuoFlb.STRUCTURE.headerSize();
    for (int i = 0; i < count; i++) {
      scene.counts().add("flbs", 1);
      long offset = LuoFlb.HEADER.headerSize() + (long) i * size;
      MemorySegment entry = page.asSlice(offset, size);
      Where place = where.in("flb", i);
      long references = Wire.u64(entry, LuoFlb.COUNT);
      if (files >= 0 && (references == 0 || Long.compareUnsigned(references, files) > 0)) {
        findings.report(
            REFERENCES,
            place,
            address + offset,
            "count is %s, and there are %d files",
            Long.toUnsignedString(references),
            files);
      }
      try {
        String name = Wire.text(entry, LuoFlb.NAME, place, address + offset);
        long first = names.putIfAbsent(Hash.of(entry, LuoFlb.NAME), i + 1);
        if (first != 0) {
          findings.report(
              SAME_NAME,
              place,
              address + offset,
              "flb %d has the name \"%s\" as well",
              first - 1,
              name);
        }
      } catch (HandoverException e) {
        findings.report(NAME, e);
      }
    }
  }
}
