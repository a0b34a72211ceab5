package org.kho4j.handover.memfd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * Pieces of a file that are not listed in the file's order, to be sorted: 24 bytes each, off-heap,
 * which is at most half as much again as the list takes in the source.
 */
final class FolioExtents implements Content.Pieces {

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final int FIELDS = 3;

  private final Where where;
  private final MemorySegment extents;
  private long count;

  FolioExtents(Where where, long capacity) {
    this.where = where;
    this.extents = Arena.ofAuto().allocate(LONG, Math.multiplyExact(capacity, FIELDS));
  }

  void add(long offset, long address, long bytes) {
    set(count, 0, offset);
    set(count, 1, address);
    set(count, 2, bytes);
    count++;
  }

  /**
   * Sorts by offset: a heap sort, which needs no memory of its own and has no bad input.
   *
   * @throws org.kho4j.handover.wire.HandoverException if two of them overlap
   */
  void sort() {
    for (long at = count / 2 - 1; at >= 0; at--) {
      siftDown(at, count);
    }
    for (long end = count - 1; end > 0; end--) {
      swap(0, end);
      siftDown(0, end);
    }
    for (long i = 1; i < count; i++) {
      if (offset(i - 1) + get(i - 1, 2) > offset(i)) {
        throw overlap(where, offset(i), get(i, 1), get(i - 1, 1));
      }
    }
  }

  /** Returns the exception for a folio whose offset is also in an earlier run of folios. */
  static HandoverException overlap(Where where, long offset, long folio, long run) {
    return where.broken(
        folio,
        "offset 0x%x of the file is in two folios: the one at 0x%x, and one of the run from 0x%x on"
            .formatted(offset, folio, run));
  }

  private void siftDown(long from, long end) {
    long parent = from;
    while (true) {
      long child = 2 * parent + 1;
      if (child >= end) {
        return;
      }
      if (child + 1 < end && offset(child + 1) > offset(child)) {
        child++;
      }
      if (offset(parent) >= offset(child)) {
        return;
      }
      swap(parent, child);
      parent = child;
    }
  }

  private void swap(long a, long b) {
    for (int field = 0; field < FIELDS; field++) {
      long value = get(a, field);
      set(a, field, get(b, field));
      set(b, field, value);
    }
  }

  private long offset(long extent) {
    return get(extent, 0);
  }

  private long get(long extent, int field) {
    return extents.getAtIndex(LONG, extent * FIELDS + field);
  }

  private void set(long extent, int field, long value) {
    extents.setAtIndex(LONG, extent * FIELDS + field, value);
  }

  @Override
  public void forEach(Content.PieceVisitor visitor) {
    for (long i = 0; i < count; i++) {
      visitor.piece(offset(i), get(i, 1), get(i, 2));
    }
  }
}
