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
 * The preserved map: every block of pages that was marked to survive. Each form of the map has an
 * implementation; callers need not know the form.
 */
public sealed interface PreservedMap permits RadixMap, BitmapListMap {

  /** The path of every map. */
  Where PATH = Where.ROOT.in(KhoVersion.MAP_PROPERTY);

  /** Most problems that are collected: data with more is no map, and each problem costs memory. */
  int MAX_PROBLEMS = 64;

  /** Returns the map of that form whose root node or first chunk is at that address. */
  static PreservedMap of(HandoverMemory memory, long root, MapForm form) {
    return form.isRadix()
        ? new RadixMap(memory, root, form)
        : new BitmapListMap(memory, root, form);
  }

  /** Returns the pointer from a root FDT to its map. */
  static KhoserPointer pointer(KhoVersion version) {
    return KhoserPointer.declare(
        version.mapPointer(), version.mapForms().getFirst().structures().getFirst());
  }

  /** Returns the form in which the map is written. */
  MapForm form();

  /**
   * Returns whether the map shows a fault if it is read with another page size than it was written
   * with: a tree does, for its nodes are elsewhere; a list of bitmaps reads in every page size.
   */
  boolean showsPageSize();

  /**
   * Returns the physical address that the root FDT points at: that of the root node, or of the
   * first chunk.
   */
  long root();

  /**
   * Returns the runs that {@link #forEachRun} visits, one object each. A leaf is read when the
   * first of its runs is requested.
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

  /** Counts the blocks and the parts of the map, on all cores if the map is large. */
  MapSummary summary();

  /** Takes one part of the map itself. */
  @FunctionalInterface
  interface NodeVisitor {
    /**
     * Takes one part.
     *
     * @param address physical address of the part
     * @param level 0 for bits: a leaf or a bitmap; more for the parts that point at them
     * @param key the first radix key of a node, or the key of a bitmap's bit 0; for a chunk, its
     *     number
     */
    void node(long address, int level, long key);
  }

  /**
   * Visits every part of the map itself, each before those that it points at.
   *
   * @throws HandoverException at the first place where the map is broken
   */
  void forEachNode(NodeVisitor visitor);

  /** Returns the bytes of a part of that level: a page above level 0. */
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
   * Finds blocks by address, and remembers recently used leaves or bitmaps, so that blocks near
   * each other and blocks scattered over some gigabytes are found at once. Not safe for use by
   * several threads.
   */
  interface Lookup {

    /**
     * Returns the order of the preserved block that starts at that address, the highest if there
     * are several; -1 if none does.
     *
     * @throws HandoverException if the map is broken on the way to it
     */
    int orderAt(long address);

    /**
     * Returns whether the block of 2^order pages at that address is preserved, as one block of that
     * order. No block is at an address that is not a multiple of its size.
     */
    boolean isPreserved(long address, int order);
  }
}
