package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * Finds the size of bitmaps. Small bitmaps are objects of 512 bytes from a slab, each for 4096
 * blocks; large bitmaps are pages. An element that does not even fit small bitmaps is damage, and
 * no evidence for either size.
 */
final class BitmapSize implements ChunkList.Visitor {

  private static final long NONE = -1;

  /**
   * Binary logarithm of the odds against bitmaps that are small and still all at a page's start.
   */
  private static final int LIKELY_BITS = 12;

  private final HandoverMemory memory;
  private final FdtNode rootFdt;
  private final PageSize pageSize;
  private final int small;
  private final int large;
  private final long[] lastStart;

  private long elements;
  private long unaligned;
  private long oddStarts;
  private long close;
  private long upperBits;

  private BitmapSize(HandoverMemory memory, FdtNode rootFdt) {
    this.memory = memory;
    this.rootFdt = rootFdt;
    this.pageSize = memory.pageSize();
    this.small = MapForm.BITMAPS_512.bitmapBytes(pageSize);
    this.large = MapForm.BITMAPS_PAGE.bitmapBytes(pageSize);
    this.lastStart = new long[KhoRadix.maxOrder(pageSize) + 1];
    Arrays.fill(lastStart, NONE);
  }

  /**
   * Finds the size of the bitmaps in the list whose first chunk is at an address.
   *
   * @throws HandoverException if a part of the list that may decide is absent
   */
  static MapEvidence of(HandoverMemory memory, FdtNode rootFdt, long address) {
    BitmapSize size = new BitmapSize(memory, rootFdt);
    List<HandoverException> absent = new ArrayList<>();
    ChunkList.walk(
        memory,
        address,
        size,
        problem -> {
          if (problem.isAbsent()) {
            absent.add(problem);
          }
        });
    MapEvidence evidence = size.evidence();
    if (!absent.isEmpty() && evidence.certainty() != MapEvidence.Certainty.CERTAIN) {
      throw absent.getFirst();
    }
    return evidence;
  }

  private MapEvidence evidence() {
    List<String> forSmall = new ArrayList<>();
    if (unaligned > 0) {
      forSmall.add("%d of %d bitmaps are not at a page's start".formatted(unaligned, elements));
    }
    if (oddStarts > 0) {
      forSmall.add(
          "%d of %d begin within the blocks that a bitmap of a page has bits for"
              .formatted(oddStarts, elements));
    }
    if (close > 0) {
      forSmall.add(
          "%d follow another by fewer blocks than a bitmap of a page has bits".formatted(close));
    }
    boolean luo = rootFdt.child(LuoSer.SUBTREE).isPresent();
    String newer = "there is a subtree LUO, which kernels since 6.19 have";
    String evidence = String.join("; ", forSmall);
    if (luo) {
      return forSmall.isEmpty()
          ? new MapEvidence(MapForm.BITMAPS_PAGE, MapEvidence.Certainty.CERTAIN, newer)
          : new MapEvidence(
              MapForm.BITMAPS_PAGE, MapEvidence.Certainty.UNSURE, newer + "; but " + evidence);
    }
    return forSmall.isEmpty()
        ? unmarked()
        : new MapEvidence(MapForm.BITMAPS_512, MapEvidence.Certainty.CERTAIN, evidence);
  }

  /**
   * Returns the evidence of bitmaps at page starts. With 4K pages, one small bitmap in eight is at
   * a page's start by chance.
   */
  private MapEvidence unmarked() {
    String nothing = "nothing determines the size of the bitmaps, %,d in total".formatted(elements);
    if (upperBits == 0) {
      return new MapEvidence(
          MapForm.BITMAPS_PAGE,
          MapEvidence.Certainty.SAME_EITHER_WAY,
          nothing + "; no bit after the first 512 bytes is set in any of them");
    }
    long bits = elements * Integer.numberOfTrailingZeros(large / small);
    return bits >= LIKELY_BITS
        ? new MapEvidence(
            MapForm.BITMAPS_PAGE,
            MapEvidence.Certainty.LIKELY,
            "%s; each is at a page's start, as by chance in one of 2^%d lists of small bitmaps"
                .formatted(nothing, bits))
        : new MapEvidence(
            MapForm.BITMAPS_PAGE,
            MapEvidence.Certainty.UNSURE,
            ("%s; bits after the first 512 bytes are set in %,d: preserved blocks, or other data"
                    + " after a small bitmap")
                .formatted(nothing, upperBits));
  }

  @Override
  public void element(Where place, long at, int order, long physStart, long bitmap) {
    if (!isMultiple(physStart, small, order) || (bitmap & (small - 1)) != 0) {
      return;
    }
    elements++;
    if (!pageSize.isAligned(bitmap)) {
      unaligned++;
    } else if (hasUpperBits(place, bitmap)) {
      upperBits++;
    }
    if (!isMultiple(physStart, large, order)) {
      oddStarts++;
    }
    long distance = physStart - lastStart[order];
    if (lastStart[order] != NONE
        && distance > 0
        && distance >>> (pageSize.shift() + order) < (long) large * Byte.SIZE) {
      close++;
    }
    lastStart[order] = physStart;
  }

  private boolean isMultiple(long physStart, int bitmapBytes, int order) {
    int shift = Integer.numberOfTrailingZeros(bitmapBytes * Byte.SIZE) + pageSize.shift() + order;
    return physStart == 0
        || (Long.numberOfTrailingZeros(physStart) >= shift
            && physStart >>> KhoRadix.MAX_PHYSICAL_BITS == 0);
  }

  private boolean hasUpperBits(Where place, long bitmap) {
    MemorySegment bits = memory.bytes(place, bitmap, large);
    for (long at = small; at < large; at += Long.BYTES) {
      if (bits.get(StructureView.U64, at) != 0) {
        return true;
      }
    }
    return false;
  }
}
