package org.kho4j.verify.luo;

import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.LuoFlb;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;

/** LUO's file-lifecycle-bound data: one page of entries. */
public final class FlbRules {

  public static final Rule PAGE =
      Rule.error(
          "FLB-001",
          "The page of FLBs exists, and is in memory.",
          "Not checked (7.0 to 7.3): a kernel always writes the address, so the next kernel reads"
              + " arbitrary memory as FLBs, or faults. If it reads a large count, its search for a"
              + " name may reach the real page (7.1.8, from address 0).",
          "The pointer to the page was overwritten.",
          Outcome.RESTORED,
          Outcome.LOST,
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule PRESERVED =
      Rule.error(
          "FLB-002",
          "The page of FLBs is preserved as a block of order 0.",
          "The next kernel may reuse the page, and then finds no FLB, or wrong data, when the"
              + " first file needs it (7.0 to 7.3). A driver that reads its FLB during boot still"
              + " finds it.",
          "The writing kernel unpreserved the page, or preserved it with another order.",
          Outcome.PANIC,
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule COUNT =
      Rule.error(
          "FLB-003",
          "The FLBs fit into their page.",
          "Not checked (7.0 to 7.3): the kernel reads beyond the page when it searches for a name"
              + " that is not in it.",
          "The header was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule PAGES =
      Rule.warning(
          "FLB-004",
          "The header has a page count of 1.",
          "Every kernel writes 1 (7.0 to 7.3); the effect of another number is unknown.",
          "The header was overwritten, or a newer kernel wrote it.");

  public static final Rule NAME =
      Rule.error(
          "FLB-005",
          "Every FLB's name has 1 to 47 bytes and a NUL.",
          "Not checked (7.0 to 7.3): without a NUL, the kernel compares beyond the field. It does"
              + " not find the FLB, and its users fail.",
          "The entry was overwritten.");

  public static final Rule SAME_NAME =
      Rule.error(
          "FLB-006",
          "No two FLBs have the same name.",
          "The kernel finds only the first (7.0 to 7.3): a user of the second gets the data of the"
              + " first, or finds nothing.",
          "The page was overwritten.");

  public static final Rule REFERENCES =
      Rule.warning(
          "FLB-007",
          "The count of an FLB is at least 1, and at most the number of files.",
          "Not checked (7.0 to 7.3). If the count is too high, the FLB is never freed. If it is"
              + " too low, or if an FLB that the next kernel needs is missing, the count"
              + " underflows when a file is finished, and the kernel warns (7.3.4; observed).",
          "The entry or the page was overwritten, or files were taken out of the sessions.",
          Outcome.WARNED,
          Outcome.FAILED);

  public static final Rule DATA =
      Rule.warning(
          "FLB-008",
          "If the data of an FLB are the address of a page, the page is preserved.",
          "Not checked (7.0 to 7.3): the FLB's owner reads arbitrary memory, or faults beyond"
              + " memory. Only the owner knows the meaning of its data; every known owner stores a"
              + " physical address.",
          "The owner's page was not preserved, or the entry was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule BEHIND =
      Rule.error(
          "FLB-009",
          "The memory after the counted FLBs is zero.",
          "Not read (7.0 to 7.3): the owner of an FLB beyond count does not find it, and its"
              + " memory stays reserved (inferred).",
          "A kernel zeroes the page when it allocates it, and counts every FLB that it writes:"
              + " count was overwritten.",
          Outcome.RESTORED,
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.LOST);

  /** The kernel's own test keeps numbers in its FLBs, and no memory. */
  private static final String TEST = "liveupdate-test-flb-";

  private final Scene scene;
  private final long files;
  private final Words names = new Words();

  private FlbRules(Scene scene, long files) {
    this.scene = scene;
    this.files = files;
  }

  /**
   * Checks the page.
   *
   * @param files in all sessions, or -1 if that is not known
   */
  static void check(Scene scene, Where where, long head, long address, long files) {
    if (address == 0) {
      scene.reportBroken(PAGE, where, head, "the address is 0");
      return;
    }
    StructureView page = scene.view(PAGE, where, address, LuoFlb.HEADER);
    if (page == null) {
      return;
    }
    scene.own(PRESERVED, where, address, 0);
    long pages = page.get(LuoFlb.HEADER_PGCNT);
    if (pages != 1) {
      scene.report(PAGES, where, address, "pgcnt is %s, not 1", Long.toUnsignedString(pages));
    }
    long count = page.get(LuoFlb.HEADER_COUNT);
    int capacity = LuoFlb.HEADER.capacity(scene.pageSize());
    if (Long.compareUnsigned(count, capacity) > 0) {
      scene.report(
          COUNT,
          where,
          address,
          "count is %s, but a page holds %d",
          Long.toUnsignedString(count),
          capacity);
      count = 0; // which bytes are entries is not known
    } else {
      long used = LuoFlb.HEADER.headerSize() + count * LuoFlb.STRUCTURE.headerSize();
      Unused.check(
          scene,
          BEHIND,
          where,
          page.bytes().asSlice(used),
          address + used,
          LuoFlb.STRUCTURE.headerSize(),
          count);
    }
    FlbRules rules = new FlbRules(scene, files);
    for (int i = 0; i < count; i++) {
      rules.flb(where.in("flb", i), i, page.element(i, LuoFlb.STRUCTURE));
    }
  }

  private void flb(Where where, int number, StructureView entry) {
    scene.read(where, entry);
    long address = entry.address();
    scene.count("flbs", 1);
    long references = entry.get(LuoFlb.COUNT);
    if (files >= 0 && (references == 0 || Long.compareUnsigned(references, files) > 0)) {
      scene.report(
          REFERENCES,
          where,
          address,
          references == 0
              ? "count is 0: no file refers to the FLB"
              : "count is %s, more than the number of files, %d",
          Long.toUnsignedString(references),
          files);
    }
    String name;
    try {
      name = entry.text(LuoFlb.NAME, where);
    } catch (HandoverException e) {
      scene.report(NAME, e);
      return;
    }
    if (name.isEmpty()) {
      scene.report(NAME, where, address, "the name is empty");
      return;
    }
    long first = names.putIfAbsent(Words.hash(entry.chars(LuoFlb.NAME)), number + 1L);
    if (first != 0) {
      scene.report(
          SAME_NAME, where, address, "flb %d has the name \"%s\" as well", first - 1, name);
    }
    if (!name.startsWith(TEST)) {
      Where named = where.named("flb", name);
      long data = entry.get(LuoFlb.DATA);
      DevelopmentLayout.ofFlb(name)
          .ifPresentOrElse(
              layout -> DevelopmentRules.check(scene, named, layout, data, address),
              () ->
                  scene.report(
                      DevelopmentRules.CLIENT, named, address, "the FLB \"%s\" is unknown", name));
      data(named, address, data);
    }
  }

  /** Checks the data of an FLB that is not known here: as an address, if it can be one. */
  private void data(Where where, long address, long data) {
    if (data == 0
        || !scene.pageSize().isAligned(data)
        || data >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      return;
    }
    scene.findings().unknownOwner();
    if (scene.preserved().isKnown() && scene.preserved().orderAround(data) < 0) {
      boolean there = scene.memory().physical().isRam(data, 1);
      scene.report(
          DATA,
          where,
          address,
          "data is 0x%x, which is %s",
          data,
          there ? "not preserved" : "not in memory");
    }
  }
}
