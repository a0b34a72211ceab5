package org.kho4j.handover.generation;

import java.util.BitSet;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.WritableMemory;

/**
 * What a generation preserves, with the checks that a kernel leaves out: every page once, in
 * memory, outside of the scratch regions. A change that fails leaves everything as it was.
 */
final class OutgoingMap {

  private final WritableMemory memory;
  private final MapWriter map;
  private final PageSize pageSize;
  private final List<AddressRange> scratch;
  private final List<AddressRange> nodes;

  // A bit for each page of the memory: overlapping blocks of different order are not seen in the
  // map.
  private final BitSet preserved = new BitSet();

  OutgoingMap(
      WritableMemory memory,
      MapWriter map,
      PageSize pageSize,
      List<AddressRange> scratch,
      List<AddressRange> nodes) {
    this.memory = memory;
    this.map = map;
    this.pageSize = pageSize;
    this.scratch = scratch;
    this.nodes = nodes;
  }

  long root() {
    return map.root();
  }

  /**
   * Preserves memory, unit by unit, each split into blocks as the kernel splits what it is asked
   * for at once: a folio and a run of pages are one unit, a vmalloc area's run has as many as it
   * has blocks.
   *
   * @param what whose memory it is, for messages
   * @param bytes a multiple of {@code unit}
   * @param unit bytes, a multiple of the page size
   */
  void add(String what, long address, long bytes, long unit) {
    check(what, address, bytes);
    long[] end = {address};
    try {
      forEachBlock(
          address,
          bytes,
          unit,
          (block, order) -> {
            map.add(block, order);
            end[0] = block + pageSize.blockBytes(order);
          });
    } catch (RuntimeException e) {
      forEachBlock(
          address,
          bytes,
          unit,
          (block, order) -> {
            if (block < end[0]) {
              map.remove(block, order);
            }
          });
      throw e;
    }
    mark(address, bytes);
  }

  /** Takes memory back that was added in the same way. */
  void remove(String what, long address, long bytes, long unit) {
    checkWhole(what, address, bytes);
    forEachBlock(
        address,
        bytes,
        unit,
        (block, order) -> {
          if (!map.contains(block, order)) {
            throw refused(what, block, "not preserved as a block of order " + order);
          }
        });
    forEachBlock(address, bytes, unit, map::remove);
    unmark(address, bytes);
  }

  private void forEachBlock(long address, long bytes, long unit, PageRuns.BlockVisitor visitor) {
    for (long at = 0; at < bytes; at += unit) {
      PageRuns.forEachBlock(pageSize, address + at, unit, nodes, visitor);
    }
  }

  /** What was added since the last commit stays. */
  void commit() {
    map.commit();
  }

  /**
   * Frees the tree's pages that were made since the last commit, after what was added has been
   * removed again.
   */
  void rollBack() {
    map.rollBack();
  }

  /** Whether every page of a range is preserved. */
  boolean covers(long address, long bytes) {
    if (!memory.contains(address, bytes)) {
      return false;
    }
    int last = index(address + bytes - 1);
    return preserved.nextClearBit(index(address)) > last;
  }

  /** Whether any page of a range is preserved. */
  boolean touches(long address, long bytes) {
    int first = preserved.nextSetBit(index(address));
    return first >= 0 && first <= index(address + bytes - 1);
  }

  private void mark(long address, long bytes) {
    preserved.set(index(address), index(address + bytes - 1) + 1);
  }

  private void unmark(long address, long bytes) {
    preserved.clear(index(address), index(address + bytes - 1) + 1);
  }

  private int index(long address) {
    return (int) ((address - memory.base()) >>> pageSize.shift());
  }

  private void check(String what, long address, long bytes) {
    checkWhole(what, address, bytes);
    for (AddressRange region : scratch) {
      if (region.overlaps(address, bytes)) {
        throw refused(
            what,
            address,
            "%d bytes overlap with scratch region %s, which the next generation writes to"
                .formatted(bytes, region));
      }
    }
    if (touches(address, bytes)) {
      int taken = preserved.nextSetBit(index(address));
      long page = memory.base() + ((long) taken << pageSize.shift());
      throw refused(
          what,
          address,
          "%d bytes overlap with page 0x%x, which is preserved already".formatted(bytes, page));
    }
  }

  private void checkWhole(String what, long address, long bytes) {
    if (!pageSize.isAligned(address) || bytes <= 0 || !pageSize.isAligned(bytes)) {
      throw refused(what, address, "%d bytes are no whole pages of %s".formatted(bytes, pageSize));
    }
    if (!memory.contains(address, bytes)) {
      throw refused(
          what,
          address,
          "%d bytes are not all in memory, which has 0x%x to 0x%x"
              .formatted(bytes, memory.base(), memory.base() + memory.size() - 1));
    }
  }

  private static PreservationException refused(String what, long address, String why) {
    return new PreservationException(what, address, why);
  }
}
