package org.kho4j.verify.subtree;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.Limits;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** The subtree {@code memblock}: reservations of {@code reserve_mem=}. */
public final class MemblockRules {

  private static final String FRESH =
      "The kernel warns, and a reserve_mem= with this name gets new memory (6.16 to 7.3). The old"
          + " memory stays reserved if it is in the map, and no client can reach it.";

  public static final Rule FORM =
      Rule.error(
          "MEMBLOCK-001",
          "The blob is a device tree with compatible \"memblock-v1\".",
          FRESH,
          "The blob was overwritten, or a newer kernel wrote it.");

  public static final Rule NODE =
      Rule.error(
          "MEMBLOCK-002",
          "Every reservation has compatible \"reserve-mem-v1\".",
          FRESH,
          "The blob was overwritten, or a newer kernel wrote it.");

  public static final Rule PROPERTIES =
      Rule.error(
          "MEMBLOCK-003",
          "Every reservation has start and size, of 8 bytes each.",
          FRESH,
          "The blob was overwritten, or the numbers were written as device-tree cells.");

  public static final Rule RANGE =
      Rule.error(
          "MEMBLOCK-004",
          "Every reservation is a possible range of memory.",
          "The kernel compares the size with the command line, and the address with the alignment"
              + " (6.16 to 7.3): if either is wrong, the reservation gets new memory. It does not"
              + " check that the memory exists: preserving it for the kernel after the next faults"
              + " during boot (7.3.4).",
          "start and size are numbers in native byte order, not cells.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule PRESERVED =
      Rule.error(
          "MEMBLOCK-005",
          "All of a reservation is preserved.",
          "Not checked (6.16 to 7.3): a reserve_mem= with this name gets memory that the next"
              + " kernel may have reused.",
          "The writing kernel unpreserved pages of the reservation, or start was overwritten.");

  public static final Rule MANY =
      Rule.warning(
          "MEMBLOCK-006",
          "There are at most 8 reservations.",
          "A kernel accepts at most 8 reserve_mem= parameters (6.16 to 7.3): further reservations"
              + " stay reserved, and no client can reach them.",
          "Hand over fewer reservations.");

  public static final Rule NAME =
      Rule.warning(
          "MEMBLOCK-007",
          "A reservation's name has 1 to 15 characters.",
          "No reserve_mem= of the next command line can have this name (6.16 to 7.3): the memory"
              + " stays reserved, and no client can reach it.",
          "Choose a shorter name.");

  public static final Rule PAGES =
      Rule.warning(
          "MEMBLOCK-008",
          "A reservation begins and ends at a page boundary.",
          "The kernel preserves whole pages (7.3): other data in the first and last page are"
              + " preserved as well.",
          "Let the size and alignment of reserve_mem= be multiples of the page size.");

  private MemblockRules() {}

  public static void check(Scene scene, Subtree subtree, MemorySegment blob) {
    FdtNode tree;
    try {
      tree = BlobRules.tree(subtree, blob, FdtLayout.MEMBLOCK);
    } catch (HandoverException e) {
      scene.reportBroken(FORM, e);
      return;
    }
    int count = tree.children().size();
    if (count > Limits.RESERVE_MEM_ENTRIES) {
      scene.report(
          MANY,
          subtree.where(),
          subtree.address(),
          "there are %d reservations, more than %d",
          count,
          Limits.RESERVE_MEM_ENTRIES);
    }
    for (FdtNode node : tree.children()) {
      reservation(scene, node, subtree.where().named("reservation", node.name()), subtree);
    }
  }

  private static void reservation(Scene scene, FdtNode node, Where where, Subtree subtree) {
    scene.count("reservations", 1);
    long address = subtree.address();
    if (node.name().length() > Limits.RESERVE_MEM_NAME || node.name().isEmpty()) {
      scene.report(
          NAME,
          where,
          address,
          "the name has %d characters, not 1 to %d",
          node.name().length(),
          Limits.RESERVE_MEM_NAME);
    }
    if (!TreeValue.compatible(node).contains(FdtLayout.RESERVE_MEM_COMPATIBLE)) {
      scene.reportBroken(
          NODE,
          where,
          address,
          "compatible is %s, not \"%s\"",
          TreeValue.compatible(node),
          FdtLayout.RESERVE_MEM_COMPATIBLE);
      return;
    }
    long start;
    long size;
    try {
      start = TreeValue.number(node, FdtLayout.RESERVE_MEM_START, where, address);
      size = TreeValue.number(node, FdtLayout.RESERVE_MEM_SIZE, where, address);
    } catch (HandoverException e) {
      scene.reportBroken(PROPERTIES, e);
      return;
    }
    if (size <= 0 || start < 0 || (start + size - 1) >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      scene.reportBroken(
          RANGE,
          where,
          address,
          "0x%x bytes at 0x%x are not a possible range of memory",
          size,
          start);
      return;
    }
    int page = scene.pageSize().bytes();
    if (start % page != 0 || size % page != 0) {
      scene.report(
          PAGES, where, start, "0x%x bytes at 0x%x are not whole pages of %d", size, start, page);
    }
    long missing = scene.preserved().firstNotPreserved(start, size);
    if (missing >= 0) {
      scene.report(PRESERVED, where, start, "page 0x%x is not preserved", missing);
    }
    scene.claims().claim(where, start, size);
    scene.content(AbsentParts.Kind.RESERVATION, where, start, scene.absent().bytes(start, size));
  }
}
