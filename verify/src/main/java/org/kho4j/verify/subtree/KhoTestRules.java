package org.kho4j.verify.subtree;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoRadix;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.vmalloc.VmallocRules;

/** The subtree {@code kho_test}: the kernel's own test module. */
public final class KhoTestRules {

  private static final String FAILS = "test_kho reports \"KHO restore failed\" (6.18 to 7.3).";

  public static final Rule FORM =
      Rule.error(
          "TEST-001",
          "The blob is the device tree of kho_test: compatible, magic, and the node data with its"
              + " three properties.",
          FAILS,
          "The blob was overwritten, or it has the other layout: the layout changed in 6.18.");

  public static final Rule ROOM =
      Rule.error(
          "TEST-002",
          "The array of folios has room for nr_folios.",
          "Not checked (7.3): test_kho continues to the first entry that it cannot restore, and"
              + " compares the checksum of the folios that it has. For an empty entry, the kernel"
              + " warns if the machine has memory at address 0 (x86-64; arm64 often has none). If"
              + " no entry of the mapping is empty, test_kho reads beyond its end, and faults.",
          "nr_folios or the descriptor folios_info was overwritten.",
          Outcome.RESTORED,
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule ORDER =
      Rule.error(
          "TEST-003",
          "Every entry of the array has the order of a possible block.",
          FAILS,
          "The array was overwritten.");

  public static final Rule PRESERVED =
      Rule.error(
          "TEST-004",
          "Every folio is preserved as one block of its order.",
          "The kernel warns when it restores the folio, and the restore fails (6.18 to 7.3). "
              + FAILS,
          "The writing kernel unpreserved the folio, or preserved it with another order.");

  public static final Rule CHECKSUM =
      Rule.error(
          "TEST-005",
          "The folios' content matches the stored checksum.",
          FAILS,
          "The data were overwritten after they were preserved: look for another owner of these"
              + " pages.");

  private KhoTestRules() {}

  public static void check(Scene scene, Subtree subtree, MemorySegment blob) {
    long address = subtree.address();
    Where where = subtree.where().in("data");
    KhoTest.Tree tree;
    try {
      tree = KhoTest.Tree.read(BlobRules.tree(subtree, blob, FdtLayout.KHO_TEST), subtree);
    } catch (HandoverException e) {
      scene.reportBroken(FORM, e);
      return;
    }
    long folios = tree.folios();
    Descriptor descriptor = tree.foliosInfo();
    long gaps = scene.gaps();
    long room = descriptor.totalPages() * scene.pageSize().bytes();
    if (folios * Long.BYTES > room) {
      scene.report(
          ROOM,
          where,
          address,
          "nr_folios is %d, but %s",
          folios,
          descriptor.room(scene.pageSize(), Long.BYTES));
    }
    Folios list = new Folios(scene, where, folios);
    VmallocRules.check(
        scene, where.in("folios_info"), descriptor, (order, run, bytes) -> list.run(run, bytes));
    scene.content(AbsentParts.Kind.KHO_TEST, where, address, list.absentBytes);
    if (scene.gaps() == gaps && list.absentBytes == 0 && !scene.claims().isNaming()) {
      checksum(scene, subtree);
    }
  }

  /** Checks the checksum. Called only if all folios are sound: any other sum proves nothing. */
  private static void checksum(Scene scene, Subtree subtree) {
    try {
      KhoTest test = KhoTest.CLIENT.read(scene.handover(), subtree);
      if (!test.data().checksumMatches()) {
        scene.report(
            CHECKSUM,
            subtree.where(),
            subtree.address(),
            "the content of the %d folios does not have the checksum 0x%x",
            test.folios(),
            test.checksum());
      }
    } catch (HandoverException e) {
      scene.findings().notChecked("the checksum of kho_test: " + e.getMessage());
    }
  }

  /** The list of folios, as far as its memory is present. */
  private static final class Folios {
    private final Scene scene;
    private final Where where;
    private final long count;
    private long number;
    private long absentBytes;

    Folios(Scene scene, Where where, long count) {
      this.scene = scene;
      this.where = where;
      this.count = count;
    }

    void run(long address, long bytes) {
      for (long at = 0; at < bytes && number < count; at += scene.pageSize().bytes()) {
        MemorySegment page;
        try {
          page = scene.memory().page(where, address + at);
        } catch (HandoverException e) {
          scene.findings().unread("folios of kho_test", e);
          return;
        }
        for (long i = 0; i < page.byteSize() && number < count; i += Long.BYTES) {
          folio(page.get(StructureView.U64, i), address + at + i);
        }
      }
    }

    private void folio(long entry, long address) {
      Where place = where.in("folio", number++);
      scene.count("testFolios", 1);
      if (entry == 0) {
        scene.report(PRESERVED, place, address, "its entry is 0: there is no folio");
        return;
      }
      long mask = scene.pageSize().bytes() - 1L;
      int order = (int) (entry & mask);
      long folio = entry & ~mask;
      if (order > KhoRadix.maxOrder(scene.pageSize())
          || folio >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
        scene.report(
            ORDER,
            place,
            address,
            "the entry is 0x%x: no folio has order %d at 0x%x",
            entry,
            order,
            folio);
        return;
      }
      scene.own(PRESERVED, place, folio, order);
      absentBytes += scene.absent().bytes(folio, scene.pageSize().blockBytes(order));
    }
  }
}
