package org.kho4j.verify.map;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.KhoserMemChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;

/** The preserved map of kho-v1: chunks, their elements, and the bitmaps that these point at. */
public final class BitmapListRules {

  public static final Rule ELEMENTS =
      Rule.error(
          "MAP-009",
          "No chunk of kho-v1 has more elements than its page has room for.",
          "Not checked (6.16 to 7.0): the kernel reads the memory after the page as elements.",
          "The chunk was overwritten, or --page-size is too small.");

  public static final Rule ORDER =
      Rule.error(
          "MAP-010",
          "The order of a chunk of kho-v1 is small enough for a kernel's arithmetic: order +"
              + " PAGE_SHIFT is below 31.",
          "Not checked (6.16 to 7.0): the kernel computes the block's size as a signed 32-bit"
              + " number, which is wrong from 2 GiB on.",
          "The chunk was overwritten, or 2 GiB were preserved as one block: preserve less at once.");

  public static final Rule START =
      Rule.error(
          "MAP-011",
          "Every bitmap of kho-v1 begins at a multiple of the memory that its bits represent,"
              + " below 2^52.",
          "Not checked (6.16 to 7.0): the kernel reserves and tags blocks at wrong addresses, and"
              + " the preserved memory is lost.",
          "The element was overwritten, or kho assumes the wrong bitmap size: see --map-form.");

  public static final Rule ALIGNED =
      Rule.error(
          "MAP-012",
          "Every bitmap of kho-v1 is at a multiple of its size.",
          "Not checked (6.16 to 7.0): the kernel takes the bytes at this address as the bitmap, and"
              + " preserves other blocks than the writer did (inferred).",
          "The element was overwritten, or kho assumes the wrong bitmap size: see --map-form.",
          Outcome.RESTORED,
          Outcome.LOST);

  public static final Rule SAME_BLOCKS =
      Rule.error(
          "MAP-013",
          "No two bitmaps of kho-v1 represent the same blocks.",
          "Not checked (6.16 to 7.0): the kernel reads both bitmaps, and preserves the blocks of"
              + " each. If an element was overwritten, the blocks that it represented are free"
              + " memory for the next kernel (inferred).",
          "An element was overwritten, or written twice.",
          Outcome.RESTORED,
          Outcome.LOST);

  public static final Rule ASCENDING =
      Rule.warning(
          "MAP-014",
          "The chunks of kho-v1 ascend by order, and the elements of an order by address.",
          "The order makes no difference to a kernel (6.16 to 7.0), but no kernel writes another"
              + " order.",
          "The list was not written by a kernel, or a part of it was overwritten.");

  public static final Rule COUNTED =
      Rule.error(
          "MAP-020",
          "A chunk of kho-v1 counts all of its elements: at least one, and as many as fit if"
              + " another chunk of its order follows.",
          "Not checked (6.16 to 7.0): blocks of elements beyond num_elms are free memory for the"
              + " next kernel (inferred).",
          "The kernel begins a chunk only for an element, allocates it zeroed, and counts what it writes: num_elms was"
              + " overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  private static final int MAX_BITMAPS = 1 << 20;

  private final Scene scene;
  private final PageSize pageSize;
  private final Where where;
  private final int bitmapBytes;
  private final MapForm form;
  private final Structure bitmapStructure;
  private final PreservationRules blocks;
  private final Words chunks = new Words();
  private final Words bitmaps = new Words();
  private final Words pages = new Words();
  private final Words starts = new Words();
  private long lastKey = Long.MAX_VALUE;
  private int lastOrder;
  private int chunkCount;
  private int bitmapCount;

  private BitmapListRules(Scene scene, PreservedMap map, Where where, PreservationRules blocks) {
    this.scene = scene;
    this.pageSize = scene.pageSize();
    this.where = where;
    this.bitmapBytes = map.nodeBytes(0);
    this.form = map.form();
    this.bitmapStructure = form.structures().getLast();
    this.blocks = blocks;
  }

  /** Walks the list. */
  static void check(Scene scene, PreservedMap map, Where where, PreservationRules blocks) {
    BitmapListRules rules = new BitmapListRules(scene, map, where, blocks);
    long chunk = map.root();
    while (chunk != 0 && blocks.mayContinue() && rules.bitmapCount < MAX_BITMAPS) {
      chunk = rules.chunk(chunk);
    }
    scene.count("mapNodes", (long) rules.chunkCount + rules.bitmapCount);
  }

  private long chunk(long address) {
    Where place = where.in("chunk", chunkCount);
    StructureView page =
        scene.view(PreservationRules.POINTER, place, address, KhoserMemChunk.STRUCTURE);
    if (page == null) {
      blocks.fault();
      return 0;
    }
    if (chunks.putIfAbsent(address, 1) != 0) {
      blocks.fault(
          PreservationRules.TWICE,
          place,
          address,
          "the list reaches this chunk a second time: it has no end");
      return 0;
    }
    chunkCount++;
    take(address);
    elements(place, page);
    return page.address(KhoserMemChunk.NEXT);
  }

  /** Claims a page for the map; several of its bitmaps may share the page. */
  private void take(long address) {
    long page = address & -pageSize.bytes();
    if (pages.putIfAbsent(page, 1) == 0) {
      blocks.note(page);
    }
  }

  private void elements(Where place, StructureView page) {
    long address = page.address();
    long order = page.get(KhoserMemChunk.ORDER);
    long count = page.get(KhoserMemChunk.NUM_ELMS);
    int capacity = KhoserMemChunk.STRUCTURE.capacity(pageSize);
    if (order + pageSize.shift() >= PreservationRules.FIRST_SHIFT_TOO_LARGE) {
      scene.report(
          ORDER,
          place,
          address,
          "order is %d, which makes blocks of 2^%d bytes",
          order,
          order + pageSize.shift());
      if (order > form.maxBitmapOrder(pageSize)) {
        blocks.fault();
        return;
      }
    }
    if (count > capacity) {
      blocks.fault(
          ELEMENTS, place, address, "num_elms is %d, but a chunk has room for %d", count, capacity);
      return;
    }
    if (order < lastOrder) {
      scene.report(ASCENDING, place, address, "order %d follows order %d", order, lastOrder);
    }
    if (order != lastOrder || chunkCount == 1) {
      lastKey = -1;
    }
    lastOrder = (int) order;
    counted(place, page, (int) count, capacity);
    for (int i = 0; i < count && blocks.mayContinue(); i++) {
      element(place.in("element", i), page.element(i), (int) order);
    }
  }

  private void counted(Where place, StructureView page, int count, int capacity) {
    if (count == 0) {
      scene.report(COUNTED, place, page.address(), "num_elms is 0");
    } else if (count < capacity && page.address(KhoserMemChunk.NEXT) != 0) {
      long next = page.address(KhoserMemChunk.NEXT);
      if (order(next) == page.get(KhoserMemChunk.ORDER)) {
        scene.report(
            COUNTED,
            place,
            page.address(),
            "num_elms is %d of %d, but another chunk of the order follows at 0x%x",
            count,
            capacity,
            next);
      }
    }
    for (int i = count; i < capacity; i++) {
      StructureView unused = page.element(i);
      if (unused.address(KhoserMemChunk.PHYS_START) != 0
          || unused.address(KhoserMemChunk.BITMAP) != 0) {
        scene.report(
            COUNTED,
            place,
            unused.address(),
            "num_elms is %d, but element %d after them is not 0",
            count,
            i);
        return;
      }
    }
  }

  /** Returns the order of a chunk, or -1. */
  private long order(long chunk) {
    try {
      return scene.memory().view(where, chunk, KhoserMemChunk.STRUCTURE).get(KhoserMemChunk.ORDER);
    } catch (HandoverException e) {
      return -1;
    }
  }

  private void element(Where place, StructureView element, int order) {
    long at = element.address();
    long start = element.address(KhoserMemChunk.PHYS_START);
    long bitmap = element.address(KhoserMemChunk.BITMAP);
    long covered = form.bitmapReach(pageSize, order);
    if ((start & (covered - 1)) != 0 || start >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      blocks.fault(
          START,
          place,
          at,
          "phys_start is 0x%x, which is not a multiple of 0x%x below 2^%d",
          start,
          covered,
          KhoRadix.MAX_PHYSICAL_BITS);
      return;
    }
    MemorySegment bits = bits(place, at, bitmap);
    if (bits == null) {
      blocks.fault();
      return;
    }
    if (bitmaps.putIfAbsent(bitmap, 1) != 0) {
      blocks.fault(
          PreservationRules.TWICE,
          place,
          at,
          "another element has the bitmap at 0x%x as well",
          bitmap);
      return;
    }
    long key = KhoRadix.key(pageSize, start, order);
    if (starts.putIfAbsent(key, 1) != 0) {
      blocks.fault(
          SAME_BLOCKS,
          place,
          at,
          "another bitmap also represents order %d from 0x%x",
          order,
          start);
      return;
    }
    if (key < lastKey) {
      scene.report(ASCENDING, place, at, "phys_start 0x%x follows a higher one", start);
    }
    lastKey = key;
    bitmapCount++;
    take(bitmap);
    Where bitmapPlace = where.in("bitmap", bitmapCount - 1);
    scene.read(bitmapPlace, new StructureView(bitmapStructure, bitmap, bits));
    blocks.bits(bitmapPlace, bits, bitmap, key);
  }

  private @Nullable MemorySegment bits(Where place, long at, long bitmap) {
    if (bitmap == 0) {
      scene.report(PreservationRules.POINTER, place, at, "the bitmap's address is 0");
      return null;
    }
    if ((bitmap & (bitmapBytes - 1)) != 0) {
      scene.report(
          ALIGNED,
          place,
          at,
          "the bitmap's address 0x%x is not a multiple of its %d bytes",
          bitmap,
          bitmapBytes);
      return null;
    }
    try {
      return scene.memory().bytes(place, bitmap, bitmapBytes);
    } catch (HandoverException e) {
      scene.report(PreservationRules.POINTER, e);
      return null;
    }
  }
}
