package org.kho4j.verify.map;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;

/** The preserved map as a radix tree: its nodes, and the leaves that these point at. */
public final class RadixRules {

  public static final Rule ROOT_SLOTS =
      Rule.error(
          "MAP-003",
          "The root uses only slots that a key can reach.",
          "Not checked (7.3): keys wider than 64 - PAGE_SHIFT + 1 bits decode to wrong blocks. In"
              + " a tree of another depth (before 7.1, trees with 16K pages had one level less),"
              + " all keys do. A slot without a set bit below it has no effect.",
          "Check --page-size, and whether a release candidate of 7.1 with 16K pages wrote the map.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule LOST_BIT =
      Rule.warning(
          "MAP-017",
          "The tree has room for the bit that marks order 0.",
          "A kernel of that time (kho-v2, and 7.1 before 2026-05-30) decodes its own keys of order"
              + " 0 as huge blocks at other addresses. A kernel of 7.1 or later reads the tree"
              + " with another depth. The preserved memory is lost, or the kernel faults during"
              + " boot.",
          "With 16K pages, use a released kernel. kho reads the map as the writing kernel"
              + " intended it.");

  private static final int MAX_NODES = 1 << 20;

  private final Scene scene;
  private final PageSize pageSize;
  private final Where where;
  private final int depth;
  private final PreservationRules blocks;
  private final Words seen = new Words();
  private int nodes;

  private RadixRules(Scene scene, PreservedMap map, Where where, PreservationRules blocks) {
    this.scene = scene;
    this.pageSize = scene.pageSize();
    this.where = where;
    this.depth = map.form().depth(pageSize);
    this.blocks = blocks;
  }

  /** Walks the tree. */
  static void check(Scene scene, PreservedMap map, Where where, PreservationRules blocks) {
    RadixRules rules = new RadixRules(scene, map, where, blocks);
    rules.node(map.root(), rules.depth - 1, 0);
    scene.count("mapNodes", rules.nodes);
    rules.lostBit(map.root());
  }

  private void lostBit(long root) {
    if (KhoRadix.losesOrderZero(pageSize, depth)) {
      scene.report(
          LOST_BIT,
          where,
          root,
          "the tree has %d levels: keys below 2^%d are read as pages, but blocks of order %d"
              + " and more would look the same",
          depth,
          KhoRadix.maxOrder(pageSize),
          KhoRadix.MAX_ORDER_BESIDE_LOST_BIT + 1);
    }
  }

  private Where place(int level) {
    return where.in(level == 0 ? "leaf" : "node of level " + level);
  }

  private void node(long address, int level, long prefix) {
    Where place = place(level);
    MemorySegment page = scene.page(PreservationRules.POINTER, place, address);
    if (page == null) {
      blocks.fault();
      return;
    }
    if (seen.putIfAbsent(address, 1) != 0 || nodes == MAX_NODES) {
      blocks.fault(
          PreservationRules.TWICE, place, address, "the tree reaches this page a second time");
      return;
    }
    nodes++;
    Structure structure = level == 0 ? KhoRadix.LEAF : KhoRadix.NODE;
    scene.read(blocks.note(address), new StructureView(structure, address, page));
    if (level == 0) {
      leaf(place, page, address, prefix);
      return;
    }
    int shift = KhoRadix.levelShift(pageSize, level);
    int slots = 1 << KhoRadix.tableBits(pageSize);
    int usable =
        level < depth - 1
            ? slots
            : (int) Math.min(slots, 1L << Math.max(0, KhoRadix.orderZeroBit(pageSize) + 1 - shift));
    for (int slot = 0; slot < slots && blocks.mayContinue(); slot++) {
      long child = page.get(StructureView.U64, 8L * slot);
      if (child < 0) {
        blocks.fault(
            PreservationRules.POINTER,
            place,
            address,
            "slot %d is 0x%x: bit 63 marks an address that a crash kernel has converted in place,"
                + " from physical to its own virtual one",
            slot,
            child);
      } else if (child != 0 && slot < usable) {
        node(child, level - 1, prefix | ((long) slot << shift));
      } else if (child != 0) {
        blocks.fault(
            ROOT_SLOTS,
            place,
            address,
            "slot %d is 0x%x: only slots 0 to %d are possible, because a key has at most %d"
                + " bits",
            slot,
            child,
            usable - 1,
            KhoRadix.orderZeroBit(pageSize) + 1);
        return;
      }
    }
  }

  private void leaf(Where place, MemorySegment leaf, long address, long itsPrefix) {
    long prefix =
        KhoRadix.losesOrderZero(pageSize, depth)
            ? KhoRadix.withOrderZero(pageSize, itsPrefix)
            : itsPrefix;
    blocks.bits(place, leaf, address, prefix);
  }
}
