package org.kho4j.handover.map;

import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/**
 * The preserved map: every block of pages that was marked to survive. Each form of it has an
 * implementation, and nothing else has to know which form it is.
 */
public sealed interface PreservedMap permits RadixMap, BitmapListMap {

  /** The path of every map. */
  Where PATH = Where.ROOT.in(KhoVersion.MAP_PROPERTY);

  /** A map with more is no map, and each problem costs memory. */
  int MAX_PROBLEMS = 64;

  /** The map of that form whose root node or first chunk is at that address. */
  static PreservedMap of(HandoverMemory memory, long root, MapForm form) {
    return form.isRadix()
        ? new RadixMap(memory, root, form)
        : new BitmapListMap(memory, root, form);
  }

  /** The pointer of a root FDT at its map. */
  static KhoserPointer pointer(KhoVersion version) {
    return KhoserPointer.declare(
        version.mapPointer(), version.mapForms().getFirst().structures().getFirst());
  }

  /** How it is written. */
  MapForm form();

  /** Physical address of what the root FDT points at: the root node, or the first chunk. */
  long root();

  /**
   * The runs that {@link #forEachRun} visits, one object each. A leaf is read when the first of its
   * runs is asked for.
   *
   * @throws HandoverException if the map is broken above its leaves; a terminal operation throws it
   *     at the first broken leaf
   */
  Stream<BlockRun> runs();

  /**
   * Visits every run of adjacent blocks of one order: highest order first, ascending within an
   * order, as long as they can be. (A tree that lacks the bit of order 0 has order 0 before the
   * others.)
   *
   * @throws HandoverException at the first place where the map is broken
   */
  void forEachRun(RunVisitor visitor);

  /** Counts what the map holds, on all cores when it is large. */
  MapSummary summary();

  /** Takes one part of the map itself. */
  @FunctionalInterface
  interface NodeVisitor {
    /**
     * Takes one part.
     *
     * @param address physical address of it
     * @param level 0 for bits: a leaf or a bitmap; more for what points at them
     * @param key the first radix key that a node stands for, and that of the block of a bitmap's
     *     bit 0; of a chunk its number
     */
    void node(long address, int level, long key);
  }

  /**
   * Visits every part of the map itself, each before those that it points at.
   *
   * @throws HandoverException at the first place where the map is broken
   */
  void forEachNode(NodeVisitor visitor);

  /** Bytes of a part of that level: a page above level 0. */
  int nodeBytes(int level);

  /**
   * Visits every page that the map itself takes, once: small bitmaps share pages.
   *
   * @throws HandoverException at the first place where the map is broken
   */
  default void forEachPage(LongConsumer visitor) {
    VisitedPages seen = new VisitedPages();
    long pageBytes = nodeBytes(1);
    forEachNode((address, level, key) -> {
      long page = address & -pageBytes;
      if (seen.add(Where.ROOT, page)) {
        visitor.accept(page);
      }
    });
  }

  /** Starts to look blocks up. */
  Lookup lookup();

  /**
   * Finds blocks by address, and remembers the leaves or bitmaps that it was in lately, so that
   * blocks near each other and blocks scattered over some gigabytes are found at once. Not safe for
   * use by several threads.
   */
  interface Lookup {

    /**
     * The order of the preserved block that starts at that address, the highest if there are
     * several; -1 if none does.
     *
     * @throws HandoverException if the map is broken on the way to it
     */
    int orderAt(long address);

    /**
     * Whether the block of 2^order pages at that address is preserved, as that block. No block is
     * at an address that is not a multiple of its size.
     */
    boolean isPreserved(long address, int order);
  }
}
