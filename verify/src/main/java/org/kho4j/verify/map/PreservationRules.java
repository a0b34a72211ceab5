package org.kho4j.verify.map;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.state.PageSpace;

/** Rules for the preserved map in any form: its pages, its keys, and the blocks of the keys. */
public final class PreservationRules {

  public static final Rule POINTER =
      Rule.error(
          "MAP-001",
          "Every pointer in the map is the address of a page in memory.",
          "Not checked (7.3): in early boot, the kernel reads arbitrary memory, and faults: it"
              + " prints nothing, or panics.",
          "The map was overwritten, or written wrongly. The finding names the page with the"
              + " pointer.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule TWICE =
      Rule.error(
          "MAP-002",
          "No page of the map has two pointers to it.",
          "Not checked (7.3): the kernel walks a page for each table that points to it, and"
              + " preserves wrong addresses; a loop stops at the lowest level, with wrong keys. In"
              + " the list of kho-v1 (6.16 to 7.0), a loop never ends: the kernel hangs in early"
              + " boot.",
          "Two entries have the same address: one of them was overwritten.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC,
          Outcome.HANG);

  public static final Rule KEY_ZERO =
      Rule.error(
          "MAP-004",
          "Bit 0 of the lowest leaf is never set: key 0 has no order.",
          "Not checked (7.3): the kernel derives an order of 64 or more from key 0, and shifts by"
              + " it, so the reserved range is undefined. 7.1.8 derives order 53, shifts an int by"
              + " it, and on x86-64 reserves two bytes at 0: everything is restored.",
          "The leaf was overwritten, or its bits were set without the order's marker.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC,
          Outcome.HANG);

  public static final Rule KEY =
      Rule.error(
          "MAP-005",
          "Every key represents a block within physical memory of 2^52 bytes.",
          "Not checked (7.3): the kernel reserves the block at an address that no machine has, and"
              + " writes the page descriptor of its first page, which does not exist: it faults in"
              + " early boot.",
          "The leaf was overwritten, or a table points at the wrong leaf.",
          Outcome.PANIC);

  public static final Rule OVERLAP =
      Rule.error(
          "MAP-006",
          "No two preserved blocks overlap.",
          "Not checked (all releases): the kernel reserves both blocks, and tags the first page of"
              + " each. Restoring the outer block initializes the pages of the inner one, and the"
              + " memory then has two owners. If only one owner restores its block, there is no"
              + " effect (7.3.4).",
          "Two clients preserved the same memory with different orders, or a client unpreserved it"
              + " with another order than it had preserved it with (a kernel bug before"
              + " 8fd2f26fa2a3, 7.1-rc).",
          Outcome.RESTORED,
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule NODE_PRESERVED =
      Rule.warning(
          "MAP-007",
          "No page of the map is itself preserved.",
          "The next kernel reserves the page and never frees it. If the page is in a client's"
              + " block, this client gets a page of the map as data.",
          "The owner of the block preserved memory that it had freed.");

  public static final Rule BEYOND =
      Rule.error(
          "MAP-008",
          "Every preserved block is in memory.",
          "Not checked (7.3): the kernel fails to reserve the block without noticing, and writes"
              + " the page descriptor of its first page, which does not exist: it faults in early"
              + " boot.",
          "Compare the address with the machine's memory map. For a raw RAM file, check --base,"
              + " and that the file is complete.",
          Outcome.PANIC);

  public static final Rule ACROSS_NODES =
      Rule.warning(
          "MAP-018",
          "No preserved block lies across two NUMA nodes.",
          "Not checked (6.16 to 7.3): the kernel restores all pages of the block as pages of the"
              + " node of its first page (inferred). Kernels before 7.1 preserved runs of pages"
              + " across nodes. Since 7.1 they split a run at the boundary, and restoring the run"
              + " returns only its first part (inferred).",
          "A kernel before 7.1 wrote it. Allocate the memory on one node.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule TOO_LARGE_FOR_7_1 =
      Rule.warning(
          "MAP-019",
          "No block of kho-v3 is too large for the reader of 7.1: order + PAGE_SHIFT is below 31.",
          "7.1.8 computes the block's size in 32 bits (by its source). With 4K pages, an order of"
              + " 19 reserves all memory from the block on, and a larger order reserves a few"
              + " bytes, so the block is free memory (inferred). 7.2 has a fix of July 2026"
              + " (3a0b8fa2eb36).",
          "Hand over to a kernel with the fix, or preserve blocks of less than 2 GiB.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  /** The size of a block is a signed number of 32 bits to a kernel that computes it so. */
  static final int FIRST_SHIFT_TOO_LARGE = Integer.SIZE - 1;

  private static final int MAX_FAULTS = 64;

  private final Scene scene;
  private final PageSize pageSize;
  private final Where where;
  private final boolean sizesIn32Bits;
  // Page to the block that came second; the other block is found when the whole map is known.
  private final Map<Long, Block> overlaps = new TreeMap<>();
  private long[] nodes = new long[64];
  private int nodeCount;
  private int faults;

  private record Block(long address, int order) {}

  PreservationRules(Scene scene, Where where) {
    this.scene = scene;
    this.pageSize = scene.pageSize();
    this.where = where;
    // Linux 7.1, the version with kexec-metadata and without the KHO block.
    this.sizesIn32Bits =
        KhoVersion.of(scene.handover().root().compatible()).stream()
            .flatMap(version -> version.layouts().stream())
            .anyMatch(layout -> layout.has(KhoFeature.METADATA) && !layout.has(KhoFeature.BLOCKS));
  }

  /** Reports a broken part of the map: with any, the preserved memory is not known. */
  void fault(Rule rule, Where place, long address, String format, Object... arguments) {
    fault();
    scene.report(rule, place, address, format, arguments);
  }

  /** Counts a broken part that was reported. */
  void fault() {
    faults++;
  }

  /** Returns the number of broken or absent parts. */
  int faults() {
    return faults;
  }

  /** Returns whether the walk continues: a map with more broken parts is no map. */
  boolean mayContinue() {
    return faults < MAX_FAULTS;
  }

  /**
   * Claims a page of the map itself.
   *
   * @return the page's path
   */
  Where note(long address) {
    if (nodeCount == nodes.length) {
      nodes = Arrays.copyOf(nodes, nodeCount * 2);
    }
    nodes[nodeCount++] = address;
    Where place = where.in("page", nodeCount - 1);
    scene.take(place, address, pageSize.bytes());
    return place;
  }

  /**
   * Checks the bits of a leaf or a bitmap, 64 single pages at once.
   *
   * @param prefix the key of bit 0; 0 for the lowest leaf, whose keys have orders of their own
   */
  void bits(Where place, MemorySegment leaf, long address, long prefix) {
    PageSpace space = scene.space();
    boolean singles = prefix != 0 && KhoRadix.order(pageSize, prefix) == 0;
    long base = singles ? KhoRadix.address(pageSize, prefix) >>> pageSize.shift() : 0;
    long endPage = space.end() >>> pageSize.shift();
    MemorySegment pages = scene.preserved().pages().words();
    MemorySegment blocks = scene.preserved().singles().words();
    long count = 0;
    for (int i = 0; i < leaf.byteSize() / Long.BYTES; i++) {
      long word = leaf.get(StructureView.U64, (long) i << 3);
      if (word == 0) {
        continue;
      }
      long page = base + 64L * i;
      long number = singles ? space.number(page) : -1;
      if (number >= 0 && page + 64 <= endPage) {
        long offset = (number >>> 6) << 3;
        long there = pages.get(StructureView.U64, offset);
        if ((there & word) == 0) {
          pages.set(StructureView.U64, offset, there | word);
          blocks.set(StructureView.U64, offset, word);
          count += Long.bitCount(word);
          continue;
        }
      }
      for (long rest = word; rest != 0; rest &= rest - 1) {
        key(place, address, prefix | (64L * i + Long.numberOfTrailingZeros(rest)));
      }
    }
    scene.count("preservations", count);
    scene.count("preservedBytes", count * pageSize.bytes());
  }

  private void key(Where place, long leaf, long key) {
    if (key == 0) {
      scene.preserved().impossibleBlock();
      scene.report(KEY_ZERO, place, leaf, "bit 0 is set, but key 0 has no order");
      return;
    }
    int order = KhoRadix.order(pageSize, key);
    if (order < 0 || order > KhoRadix.maxOrder(pageSize)) {
      scene.preserved().impossibleBlock();
      scene.report(
          KEY,
          place,
          leaf,
          "key 0x%x has order %d, which is not within 0 to %d",
          key,
          order,
          KhoRadix.maxOrder(pageSize));
      return;
    }
    long address = KhoRadix.address(pageSize, key);
    if (address >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      scene.preserved().impossibleBlock();
      scene.report(
          KEY,
          place,
          leaf,
          "key 0x%x is a block of order %d at 0x%x, beyond 2^%d",
          key,
          order,
          address,
          KhoRadix.MAX_PHYSICAL_BITS);
      return;
    }
    preservation(place, address, order);
  }

  /** Checks a preserved block. */
  private void preservation(Where place, long address, int order) {
    long bytes = pageSize.blockBytes(order);
    scene.count("preservations", 1);
    scene.count("preservedBytes", bytes);
    long page = address >>> pageSize.shift();
    PageSpace space = scene.space();
    if (address + bytes > space.end() || space.number(page) < 0) {
      scene.preserved().impossibleBlock();
      scene.report(
          BEYOND,
          place,
          address,
          "a block of order %d at 0x%x is preserved, but the memory ends at 0x%x",
          order,
          address,
          space.end());
    }
    if (sizesIn32Bits && order + pageSize.shift() >= FIRST_SHIFT_TOO_LARGE) {
      scene.report(
          TOO_LARGE_FOR_7_1,
          place,
          address,
          "a block of order %d at 0x%x has 2^%d bytes",
          order,
          address,
          order + pageSize.shift());
    }
    long there = scene.preserved().pages().add(page, bytes >>> pageSize.shift());
    if (order == 0) {
      scene.preserved().singles().add(page, 1);
    }
    if (there >= 0 && overlaps.size() < MAX_FAULTS) {
      overlaps.put(there << pageSize.shift(), new Block(address, order));
    }
  }

  /** Checks the blocks against each other, after the whole map was walked and is sound. */
  void end() {
    overlaps();
    nodesPreserved();
    acrossNodes();
  }

  private void overlaps() {
    overlaps.forEach((page, block) -> {
      for (int order = 0; order <= KhoRadix.maxOrder(pageSize); order++) {
        long start = page & -pageSize.blockBytes(order);
        if (order != block.order && scene.preserved().isBlock(start, order)) {
          scene.report(
              OVERLAP,
              where,
              page,
              "page 0x%x is in the block of order %d at 0x%x, and in the block of order %d at"
                  + " 0x%x",
              page,
              block.order,
              block.address,
              order,
              start);
        }
      }
    });
  }

  private void acrossNodes() {
    for (long border : scene.nodes()) {
      for (int order = 1; order <= KhoRadix.maxOrder(pageSize); order++) {
        long start = border & -pageSize.blockBytes(order);
        if (start != border && scene.preserved().isBlock(start, order)) {
          scene.report(
              ACROSS_NODES,
              where,
              start,
              "the block of order %d at 0x%x reaches into the node that begins at 0x%x",
              order,
              start,
              border);
        }
      }
    }
  }

  private void nodesPreserved() {
    for (int i = 0; i < nodeCount; i++) {
      if (scene.preserved().pages().has(nodes[i] >>> pageSize.shift())) {
        scene.report(
            NODE_PRESERVED,
            where.in("page", i),
            nodes[i],
            "the page of the map at 0x%x %s",
            nodes[i],
            scene.preserved().describe(nodes[i]));
      }
    }
  }
}
