package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.LuoFlb;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.Where;
import org.kho4j.handover.Wire;

/** LUO's file-lifecycle-bound data: one page of entries. */
final class FlbRules {

  static final Rule PAGE =
      Rule.error(
          "FLB-001",
          "There is a page of FLBs, and it is in memory.",
          "Not checked (7.0 to 7.3): its address is always set, so the kernel reads whatever is there, or faults.",
          "What points at the page was overwritten.");

  static final Rule PRESERVED =
      Rule.error(
          "FLB-002",
          "The page of FLBs is preserved as a block of order 0.",
          "The next kernel uses the page for something else, and finds no FLB, or nonsense, when the first file asks"
              + " (7.0 to 7.3).",
          "Somebody unpreserved the page, or preserved it with another order.");

  static final Rule COUNT =
      Rule.error(
          "FLB-003",
          "The FLBs fit into their page.",
          "Not checked (7.0 to 7.3): the kernel reads on behind the page.",
          "The header was overwritten.");

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
      Rule.warning(
          "FLB-006",
          "No two FLBs have the same name.",
          "The first one is found (7.0 to 7.3): the second is never given back.",
          "The page was overwritten.");

  private FlbRules() {}

  static void check(Scene scene, Where where, long head, long address) {
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
