package org.kho4j.cli.convert;

import java.util.Map;
import java.util.TreeMap;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.Where;

/** The preserved blocks that stay where they are, with their orders, as runs by address. */
final class KeptBlocks {

  /**
   * Adjacent blocks of one order.
   *
   * @param bytes a multiple of the block size
   */
  record Run(long address, int order, long bytes) {

    long end() {
      return address + bytes;
    }
  }

  private final PageSize pageSize;
  private final TreeMap<Long, Run> runs = new TreeMap<>();

  private KeptBlocks(PageSize pageSize) {
    this.pageSize = pageSize;
  }

  /**
   * All blocks of a map.
   *
   * @throws org.kho4j.handover.wire.HandoverException if two of them overlap
   */
  static KeptBlocks of(PreservedMap map, PageSize pageSize) {
    KeptBlocks kept = new KeptBlocks(pageSize);
    map.forEachRun((order, address, bytes) -> kept.add(new Run(address, order, bytes)));
    return kept;
  }

  private void add(Run run) {
    Map.Entry<Long, Run> before = runs.lowerEntry(run.end());
    if (before != null && before.getValue().end() > run.address) {
      throw Where.ROOT
          .in(KhoVersion.MAP_PROPERTY)
          .broken(
              Math.max(run.address, before.getKey()),
              "a page is preserved by blocks of order %d and %d"
                  .formatted(run.order, before.getValue().order));
    }
    runs.put(run.address, run);
  }

  Iterable<Run> runs() {
    return runs.values();
  }

  long bytes() {
    return runs.values().stream().mapToLong(Run::bytes).sum();
  }

  /** Returns whether all bytes of a range are kept. */
  boolean has(long address, long bytes) {
    long end = address + bytes;
    for (long at = address; at < end; ) {
      Map.Entry<Long, Run> entry = runs.floorEntry(at);
      if (entry == null || at >= entry.getValue().end()) {
        return false;
      }
      at = entry.getValue().end();
    }
    return true;
  }

  /** Takes a whole run out. */
  void dropRun(Run run) {
    runs.remove(run.address);
  }

  /** Takes the block out that has the byte at an address; nothing where none has. */
  void drop(long address) {
    Map.Entry<Long, Run> entry = runs.floorEntry(address);
    if (entry == null || address >= entry.getValue().end()) {
      return;
    }
    Run run = entry.getValue();
    long blockBytes = pageSize.blockBytes(run.order);
    long start = address & -blockBytes;
    runs.remove(run.address);
    keep(new Run(run.address, run.order, start - run.address));
    keep(new Run(start + blockBytes, run.order, run.end() - start - blockBytes));
  }

  private void keep(Run run) {
    if (run.bytes > 0) {
      runs.put(run.address, run);
    }
  }

  /** Takes the blocks out that have any byte of a range. */
  void drop(long address, long bytes) {
    Long at = address;
    while (at != null && at < address + bytes) {
      drop(at);
      Map.Entry<Long, Run> inside = runs.floorEntry(at);
      boolean dropped = inside == null || at >= inside.getValue().end();
      at = dropped ? runs.higherKey(at) : Long.valueOf(at + pageSize.bytes());
    }
  }
}
