package org.kho4j.cli.convert;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/** Memory that parts of a handover claim. */
final class ClaimedMemory {

  /** Ends by start: ranges that do not overlap. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  /** Adds memory, which may be claimed already. */
  void add(long address, long bytes) {
    long start = address;
    long end = address + bytes;
    Map.Entry<Long, Long> before = ranges.floorEntry(end);
    while (before != null && before.getValue() >= start) {
      start = Math.min(start, before.getKey());
      end = Math.max(end, before.getValue());
      ranges.remove(before.getKey());
      before = ranges.floorEntry(end);
    }
    ranges.put(start, end);
  }

  /** Returns the claimed pages of some memory, ascending. */
  List<AddressRange> within(AddressRange memory, PageSize pageSize) {
    ClaimedMemory pages = new ClaimedMemory();
    ranges.forEach((start, end) -> {
      long first = start & -pageSize.bytes();
      pages.add(first, (end + pageSize.bytes() - 1 & -pageSize.bytes()) - first);
    });
    List<AddressRange> within = new ArrayList<>();
    pages.ranges.forEach((start, end) -> {
      long from = Math.max(start, memory.address());
      long to = Math.min(end, memory.end());
      if (from < to) {
        within.add(new AddressRange(from, to - from));
      }
    });
    return within;
  }
}
