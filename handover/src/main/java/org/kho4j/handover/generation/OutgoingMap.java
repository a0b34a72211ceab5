package org.kho4j.handover.generation;

import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.BlockBatch;
import org.kho4j.handover.map.MapWriter;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * The map of a generation's outgoing handover, with the checks that a kernel leaves out: every page
 * is preserved once, is in memory, the caller's or the engine's, and outside of the scratch
 * regions. A step of an operation that fails is undone.
 */
final class OutgoingMap {

  private final WritableMemory memory;
  private final OwnedPages owned;
  private final Journal journal;
  private final MapWriter map;
  private final PageSize pageSize;
  private final AddressRange[] scratch;
  private final List<AddressRange> nodes;

  OutgoingMap(Pages pages, MapWriter map, List<AddressRange> scratch, List<AddressRange> nodes) {
    this.memory = pages.memory();
    this.owned = pages.owned();
    this.journal = pages.journal();
    this.map = map;
    this.pageSize = pages.pageSize();
    this.scratch = scratch.toArray(AddressRange[]::new);
    this.nodes = nodes;
  }

  /** Completes the map. Returns the address that the root FDT has from then on. */
  long finish() {
    return map.finish();
  }

  /** Preserves a folio as one block, whatever NUMA nodes it spans. */
  void addFolio(String what, Folio folio) {
    preserve(what, extent(what, folio));
  }

  void removeFolio(String what, Folio folio) {
    unpreserve(what, extent(what, folio));
  }

  /** Preserves a run of pages, split as the kernel splits one request. */
  void addRun(String what, long address, long bytes) {
    preserve(what, new Extent(address, bytes, bytes, nodes));
  }

  void removeRun(String what, long address, long bytes) {
    unpreserve(what, new Extent(address, bytes, bytes, nodes));
  }

  /** Preserves an allocated page of the engine. */
  void addEnginePage(long page) {
    map.add(page, 0);
    journal.done(() -> map.remove(page, 0));
  }

  /**
   * Unpreserves a page of the engine.
   *
   * @throws PreservationException if the page is not preserved, or is the caller's
   */
  void removeEnginePage(String what, long page) {
    owned.requireWhole(what, page, pageSize.bytes());
    if (owned.arePreserved(page, pageSize.bytes())) {
      throw refused(what, page, "the page is the caller's, not the engine's");
    }
    if (!map.remove(page, 0)) {
      throw notThere(what, page, 0);
    }
    journal.done(() -> map.add(page, 0));
  }

  private static PreservationException notThere(String what, long block, int order) {
    return refused(what, block, "not preserved as a block of order " + order);
  }

  private void preserve(String what, Extent extent) {
    add(what, extent);
    journal.done(() -> takeBack(extent));
  }

  private void unpreserve(String what, Extent extent) {
    remove(what, extent);
    journal.done(() -> put(extent));
  }

  /** Preserves an area: a run of pages for each of its blocks. */
  void addArea(String what, OwnedArea area) {
    addRuns(what, area);
    journal.done(() -> removeRuns(what, area));
  }

  void removeArea(String what, OwnedArea area) {
    removeRuns(what, area);
    journal.done(() -> addRuns(what, area));
  }

  private void addRuns(String what, OwnedArea area) {
    Runs runs = area.runs();
    boolean pageByPage = area.order() == 0 && nodes.isEmpty();
    BlockBatch batch = new BlockBatch();
    int run = 0;
    try {
      while (run < runs.count()) {
        batch.clear();
        int end = pageByPage ? batch.addRuns(runs, run, pageSize.bytes()) : run;
        if (end > run && add(batch)) {
          run = end;
        } else {
          // A run longer than a batch, an area that is not preserved page by page, or a refused
          // batch: each run is added alone, so that the message names the first refused one.
          add(what, extent(area, run));
          run++;
        }
      }
    } catch (RuntimeException e) {
      while (run-- > 0) {
        takeBack(extent(area, run));
      }
      throw e;
    }
  }

  private void removeRuns(String what, OwnedArea area) {
    int run = 0;
    try {
      for (; run < area.runs().count(); run++) {
        remove(what, extent(area, run));
      }
    } catch (RuntimeException e) {
      while (run-- > 0) {
        add(what, extent(area, run));
      }
      throw e;
    }
  }

  private Extent extent(OwnedArea area, int run) {
    Runs runs = area.runs();
    return new Extent(
        runs.address(run), runs.length(run), pageSize.blockBytes(area.order()), nodes);
  }

  /**
   * Memory in units, each of which is split separately.
   *
   * @param bytes a multiple of {@code unit}
   * @param nodes NUMA nodes; no block spans two of them
   */
  private record Extent(long address, long bytes, long unit, List<AddressRange> nodes) {

    /** Returns whether every unit is one block, so that there is nothing to split. */
    boolean isUniform() {
      return nodes.isEmpty() && Long.bitCount(unit) == 1 && (address & (unit - 1)) == 0;
    }

    void forEachBlock(PageSize pageSize, PageRuns.BlockVisitor visitor) {
      for (long at = 0; at < bytes; at += unit) {
        PageRuns.forEachBlock(pageSize, address + at, unit, nodes, visitor);
      }
    }
  }

  private void add(String what, Extent extent) {
    requireUsable(what, extent.address, extent.bytes);
    owned.requireIdle(what, extent.address, extent.bytes);
    put(extent);
  }

  private void put(Extent extent) {
    addBlocks(extent);
    owned.preserve(extent.address, extent.bytes);
  }

  /**
   * Adds pages if all of them pass the same checks; each check looks at all pages in turn.
   *
   * @return whether the pages were added; if not, none was
   */
  private boolean add(BlockBatch batch) {
    if (!areUsable(batch) || !owned.preserve(batch)) {
      return false;
    }
    try {
      map.add(batch, 0);
    } catch (RuntimeException e) {
      owned.unpreserve(batch);
      throw e;
    }
    return true;
  }

  private boolean areUsable(BlockBatch batch) {
    long[] addresses = batch.addresses();
    long base = memory.base();
    long last = base + memory.size() - pageSize.bytes();
    long unaligned = 0;
    boolean usable = true;
    for (int i = 0; i < batch.count(); i++) {
      unaligned |= addresses[i];
      usable &= addresses[i] >= base && addresses[i] <= last;
    }
    for (AddressRange region : scratch) {
      for (int i = 0; i < batch.count(); i++) {
        usable &= !region.overlaps(addresses[i], pageSize.bytes());
      }
    }
    return usable && pageSize.isAligned(unaligned);
  }

  /** Adds all blocks or none. */
  private void addBlocks(Extent extent) {
    if (extent.isUniform()) {
      addUniform(extent.address, extent.bytes, extent.unit);
      return;
    }
    long[] end = {extent.address};
    try {
      extent.forEachBlock(
          pageSize,
          (block, order) -> {
            requireOrder(block, order);
            map.add(block, order);
            end[0] = block + pageSize.blockBytes(order);
          });
    } catch (RuntimeException e) {
      extent.forEachBlock(
          pageSize,
          (block, order) -> {
            if (block < end[0]) {
              map.remove(block, order);
            }
          });
      throw e;
    }
  }

  private void addUniform(long address, long bytes, long blockBytes) {
    int order = Long.numberOfTrailingZeros(blockBytes) - pageSize.shift();
    requireOrder(address, order);
    long at = 0;
    try {
      for (; at < bytes; at += blockBytes) {
        map.add(address + at, order);
      }
    } catch (RuntimeException e) {
      while (at > 0) {
        at -= blockBytes;
        map.remove(address + at, order);
      }
      throw e;
    }
  }

  private void requireOrder(long block, int order) {
    if (order > map.maxOrder()) {
      throw refused(
          MapWriter.PATH,
          block,
          "a block of order %d cannot be in a map of this form, which has room for orders up to %d"
              .formatted(order, map.maxOrder()));
    }
  }

  private void takeBack(Extent extent) {
    extent.forEachBlock(pageSize, map::remove);
    owned.unpreserve(extent.address, extent.bytes);
  }

  private void remove(String what, Extent extent) {
    owned.requireWhole(what, extent.address, extent.bytes);
    extent.forEachBlock(
        pageSize,
        (block, order) -> {
          if (!map.contains(block, order)) {
            throw notThere(what, block, order);
          }
        });
    if (!owned.unpreserve(extent.address, extent.bytes)) {
      throw refused(what, extent.address, "preserved by the engine, which owns the page");
    }
    extent.forEachBlock(pageSize, map::remove);
  }

  /** Returns whether the caller has preserved every page of a range. */
  boolean covers(long address, long bytes) {
    return bytes > 0 && memory.contains(address, bytes) && owned.arePreserved(address, bytes);
  }

  private void requireUsable(String what, long address, long bytes) {
    owned.requireWhole(what, address, bytes);
    for (AddressRange region : scratch) {
      if (region.overlaps(address, bytes)) {
        throw refused(
            what,
            address,
            "%d bytes overlap scratch region %s, which the next generation overwrites"
                .formatted(bytes, region));
      }
    }
  }

  private Extent extent(String what, Folio folio) {
    owned.requireBlock(what, folio.address(), folio.order());
    long bytes = folio.bytes(pageSize);
    return new Extent(folio.address(), bytes, bytes, List.of());
  }

  private static PreservationException refused(String what, long address, String why) {
    return new PreservationException(what, address, why);
  }
}
