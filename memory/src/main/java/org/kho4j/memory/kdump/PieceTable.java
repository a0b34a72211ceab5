package org.kho4j.memory.kdump;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;

/**
 * Collects the pieces of a flattened dump in the order of the file, off-heap, and makes them sorted
 * and disjoint.
 */
final class PieceTable {

  /** Most pieces that may lie over one another at one place; writers write a header twice. */
  static final int MAX_OVERLAP = 1024;

  private static final long PIECE = DumpBytes.PIECE;
  private static final long FIRST_CAPACITY = 1024;

  private final MappedFile file;
  private MemorySegment pieces;
  private long count;
  private boolean disjoint = true;

  PieceTable(MappedFile file) {
    this.file = file;
    this.pieces = file.allocate(FIRST_CAPACITY * PIECE);
  }

  long count() {
    return count;
  }

  void add(long offset, long length, long source) {
    if (count * PIECE == pieces.byteSize()) {
      MemorySegment larger = file.allocate(2 * pieces.byteSize());
      MemorySegment.copy(pieces, 0, larger, 0, pieces.byteSize());
      pieces = larger;
    }
    if (count > 0) {
      disjoint &= offset >= get(pieces, count - 1, 0) + get(pieces, count - 1, 1);
    }
    put(pieces, count++, offset, length, source);
  }

  MemorySegment disjoint() throws MalformedImageException {
    if (disjoint) {
      return pieces.asSlice(0, count * PIECE);
    }
    MemorySegment ordered = sort();
    for (long i = 1; i < count; i++) {
      if (get(ordered, i, 0) < get(ordered, i - 1, 0) + get(ordered, i - 1, 1)) {
        return resolve(ordered);
      }
    }
    return ordered;
  }

  /**
   * Sorts by offset with a merge sort, from short runs to long ones; pieces of one offset keep
   * their order.
   */
  private MemorySegment sort() {
    MemorySegment from = pieces.asSlice(0, count * PIECE);
    MemorySegment to = file.allocate(count * PIECE);
    for (long width = 1; width < count; width *= 2) {
      for (long start = 0; start < count; start += 2 * width) {
        merge(from, to, start, Math.min(start + width, count), Math.min(start + 2 * width, count));
      }
      MemorySegment turn = from;
      from = to;
      to = turn;
    }
    return from;
  }

  private static void merge(
      MemorySegment from, MemorySegment to, long start, long middle, long end) {
    long left = start;
    long right = middle;
    for (long at = start; at < end; at++) {
      boolean takeLeft =
          left < middle && (right == end || get(from, left, 0) <= get(from, right, 0));
      long taken = takeLeft ? left++ : right++;
      put(to, at, get(from, taken, 0), get(from, taken, 1), get(from, taken, 2));
    }
  }

  private record Piece(long offset, long length, long source) {
    long end() {
      return offset + length;
    }
  }

  /**
   * Walks the starts and ends of pieces in order; of overlapping pieces, the one written last,
   * which is further back in the file, is taken.
   */
  private MemorySegment resolve(MemorySegment ordered) throws MalformedImageException {
    MemorySegment result = file.allocate(2 * count * PIECE);
    long made = 0;
    PriorityQueue<Piece> here =
        new PriorityQueue<>(Comparator.comparingLong(Piece::source).reversed());
    long at = 0;
    long next = 0;
    while (next < count || !here.isEmpty()) {
      if (here.isEmpty()) {
        at = get(ordered, next, 0);
      }
      while (next < count && get(ordered, next, 0) == at) {
        here.add(new Piece(get(ordered, next, 0), get(ordered, next, 1), get(ordered, next, 2)));
        next++;
        if (here.size() > MAX_OVERLAP) {
          long place = at;
          here.removeIf(piece -> piece.end() <= place);
        }
        if (here.size() > MAX_OVERLAP) {
          throw new MalformedImageException(
              file.path()
                  + " has more than "
                  + MAX_OVERLAP
                  + " records over one another at offset 0x"
                  + Long.toHexString(at)
                  + " of the dump");
        }
      }
      Piece top = here.element();
      long end = next < count ? Math.min(top.end(), get(ordered, next, 0)) : top.end();
      if (end > at) {
        put(result, made++, at, end - at, top.source() + (at - top.offset()));
      }
      at = end;
      while (!here.isEmpty() && here.element().end() <= at) {
        here.remove();
      }
    }
    return result.asSlice(0, made * PIECE);
  }

  private static long get(MemorySegment pieces, long piece, int field) {
    return pieces.get(JAVA_LONG, piece * PIECE + field * (long) Long.BYTES);
  }

  private static void put(MemorySegment pieces, long piece, long offset, long length, long source) {
    pieces.set(JAVA_LONG, piece * PIECE, offset);
    pieces.set(JAVA_LONG, piece * PIECE + 8, length);
    pieces.set(JAVA_LONG, piece * PIECE + 16, source);
  }
}
