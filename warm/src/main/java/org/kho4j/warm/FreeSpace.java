package org.kho4j.warm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.kho4j.handover.pages.AddressRange;

/** The unused pages of a store, lowest first. Neighbours are joined. */
final class FreeSpace {

  private final TreeMap<Long, Long> lengths = new TreeMap<>();

  FreeSpace(AddressRange all) {
    give(all);
  }

  /** Returns a copy, which changes by itself. */
  FreeSpace copy() {
    FreeSpace copy = new FreeSpace(AddressRange.EMPTY);
    copy.lengths.putAll(lengths);
    return copy;
  }

  /** Returns the bytes of the largest free range. */
  long largest() {
    return lengths.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  /** Takes the first range that is large enough, at an aligned address. */
  Optional<AddressRange> take(long bytes, long alignment) {
    for (Map.Entry<Long, Long> free : lengths.entrySet()) {
      long start = (free.getKey() + alignment - 1) & -alignment;
      if (free.getKey() + free.getValue() - start >= bytes) {
        AddressRange range = new AddressRange(start, bytes);
        takeAt(range);
        return Optional.of(range);
      }
    }
    return Optional.empty();
  }

  /**
   * Takes bytes in as few ranges as possible, the largest first.
   *
   * @param bytes at most {@link #bytes}
   */
  List<AddressRange> takePieces(long bytes) {
    List<AddressRange> free = new ArrayList<>();
    lengths.forEach((start, length) -> free.add(new AddressRange(start, length)));
    free.sort(Comparator.comparingLong(AddressRange::length).reversed());
    List<AddressRange> pieces = new ArrayList<>();
    long left = bytes;
    for (AddressRange range : free) {
      if (left == 0) {
        break;
      }
      AddressRange piece = new AddressRange(range.address(), Math.min(left, range.length()));
      takeAt(piece);
      pieces.add(piece);
      left -= piece.length();
    }
    return pieces;
  }

  /**
   * Takes a range.
   *
   * @return whether all of it was free; if not, nothing was taken
   */
  boolean takeAt(AddressRange range) {
    Map.Entry<Long, Long> free = lengths.floorEntry(range.address());
    if (free == null || free.getKey() + free.getValue() < range.end()) {
      return false;
    }
    long start = free.getKey();
    long end = start + free.getValue();
    lengths.remove(start);
    if (start < range.address()) {
      lengths.put(start, range.address() - start);
    }
    if (range.end() < end) {
      lengths.put(range.end(), end - range.end());
    }
    return true;
  }

  /** Gives a range back, none of which is free. */
  void give(AddressRange range) {
    if (range.isEmpty()) {
      return;
    }
    long start = range.address();
    long end = range.end();
    Map.Entry<Long, Long> before = lengths.floorEntry(start);
    if (before != null && before.getKey() + before.getValue() == start) {
      start = before.getKey();
      lengths.remove(start);
    }
    Long after = lengths.remove(end);
    if (after != null) {
      end += after;
    }
    lengths.put(start, end - start);
  }

  long bytes() {
    return lengths.values().stream().mapToLong(Long::longValue).sum();
  }
}
