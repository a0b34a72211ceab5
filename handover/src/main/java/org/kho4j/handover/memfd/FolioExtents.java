package org.kho4j.handover.memfd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kho4j.handover.content.Content;

/**
 * Pieces of a file that are not listed in the file's order, to be sorted: 32 bytes each, off-heap,
 * which is at most twice as much as the list takes in the source.
 */
final class FolioExtents {

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final int FIELDS = 4;

  /** Takes one folio. */
  @FunctionalInterface
  interface Visitor {
    /**
     * Takes one folio.
     *
     * @param number of its entry in the array
     * @param offset in the file
     * @param address physical address
     * @param bytes of it that are in the file
     */
    void folio(long number, long offset, long address, long bytes);
  }

  private final MemorySegment extents;
  private long count;

  FolioExtents(long capacity) {
    this.extents = Arena.ofAuto().allocate(LONG, Math.multiplyExact(capacity, FIELDS));
  }

  void add(long number, long offset, long address, long bytes) {
    set(count, 0, offset);
    set(count, 1, address);
    set(count, 2, bytes);
    set(count, 3, number);
    count++;
  }

  /**
   * Sorts by offset: a heap sort, which needs no memory of its own and has no bad input.
   *
   * @return the first extent that overlaps the one before it; -1 if none does
   */
  long sort() {
    for (long at = count / 2 - 1; at >= 0; at--) {
      siftDown(at, count);
    }
    for (long end = count - 1; end > 0; end--) {
      swap(0, end);
      siftDown(0, end);
    }
    for (long i = 1; i < count; i++) {
      if (end(i - 1) > offset(i)) {
        return i;
      }
    }
    return -1;
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

  /** Returns the offset in the file. */
  long offset(long extent) {
    return get(extent, 0);
  }

  /** Returns the offset in the file behind an extent. */
  long end(long extent) {
    return get(extent, 0) + get(extent, 2);
  }

  /** Returns the number of an extent's entry in the array. */
  long number(long extent) {
    return get(extent, 3);
  }

  private long get(long extent, int field) {
    return extents.getAtIndex(LONG, extent * FIELDS + field);
  }

  private void set(long extent, int field, long value) {
    extents.setAtIndex(LONG, extent * FIELDS + field, value);
  }

  /** Visits the pieces by ascending offset, after {@link #sort}. */
  void forEach(Content.PieceVisitor visitor) {
    for (long i = 0; i < count; i++) {
      visitor.piece(offset(i), get(i, 1), get(i, 2));
    }
  }
}
