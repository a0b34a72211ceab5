package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.PreservedMap;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.VmallocArea;
import org.kho4j.handover.Where;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * What was handed to a generation. Every folio, page run and area is given back once, to whoever
 * asks by its address; the map itself notes what was given back, so that whatever is left in it was
 * claimed by nobody.
 */
public final class Incoming {

  private final WritableMemory memory;
  private final Handover handover;
  private final PageAllocator allocator;
  private final MapWriter map;
  private final PreservedMap left;
  private final PreservedMap.Lookup lookup;
  private final long kexecCount;
  private final List<Folio> own = new ArrayList<>();
  private boolean finished;

  Incoming(
      WritableMemory memory,
      Handover handover,
      PageAllocator allocator,
      Pages pages,
      long kexecCount) {
    this.memory = memory;
    this.handover = handover;
    this.allocator = allocator;
    this.left = handover.preservedMap();
    this.map = MapWriter.over(pages, handover.version(), left.root());
    this.lookup = left.lookup();
    this.kexecCount = kexecCount;
    takeOwn(handover.root().address());
    handover.subtree(KexecMetadata.SUBTREE).ifPresent(metadata -> takeOwn(metadata.address()));
  }

  /** The engine's own pages are claimed by itself, and freed when it is done with them. */
  private void takeOwn(long address) {
    int order = lookup.orderAt(address);
    if (order >= 0 && map.remove(address, order)) {
      own.add(new Folio(address, order));
    }
  }

  /** The handover, for reading. */
  public Handover handover() {
    return handover;
  }

  /** The kexec count that the earlier generation handed over; 0 if it handed none. */
  public long kexecCount() {
    return kexecCount;
  }

  private PageSize pageSize() {
    return handover.pageSize();
  }

  /**
   * Gives back the folio at an address, with the order that it was preserved with.
   *
   * @throws PreservationException if no preserved block starts there, or it was given back already
   */
  public Folio restoreFolio(long address) {
    requireUnfinished();
    int order = lookup.orderAt(address);
    if (order < 0) {
      throw notThere("folio", address);
    }
    map.remove(address, order);
    return new Folio(address, order);
  }

  /**
   * Gives back a run of pages. A kernel goes by the split that it computes itself, and loses pages
   * where the earlier one split at a border of NUMA nodes; this goes by the blocks that are there.
   *
   * @throws PreservationException if not all of it is there; then nothing was given back
   */
  public void restorePages(long address, long bytes) {
    requireUnfinished();
    long end = address + bytes;
    long at = address;
    List<Folio> blocks = new ArrayList<>();
    while (at < end) {
      int order = lookup.orderAt(at);
      if (order < 0) {
        throw notThere("page run", at);
      }
      if (at + pageSize().blockBytes(order) > end) {
        throw new PreservationException(
            "page run",
            at,
            "a preserved block of order %d goes on after the run's end at 0x%x"
                .formatted(order, end));
      }
      blocks.add(new Folio(at, order));
      at += pageSize().blockBytes(order);
    }
    blocks.forEach(block -> map.remove(block.address(), block.order()));
  }

  /**
   * Gives back a vmalloc area, and frees the pages that listed it.
   *
   * @throws HandoverException if the list of its pages is broken; then nothing was given back
   * @throws PreservationException if a block is not there, or was given back already; then nothing
   *     was given back
   */
  public Area restore(Descriptor descriptor) {
    requireUnfinished();
    MemorySegment bytes = MemorySegment.ofArray(new byte[KhoVmalloc.STRUCTURE.headerSize()]);
    descriptor.writeTo(bytes);
    VmallocArea listed =
        VmallocArea.of(handover.memory(), Where.ROOT.in("area"), bytes, descriptor.first());
    Runs runs = Runs.collect(visitor -> listed.forEachRun(visitor::range));
    List<Folio> chunks = new ArrayList<>();
    listed.forEachChunk(address -> chunks.add(new Folio(address, 0)));
    Taking taking = new Taking();
    try {
      for (int run = 0; run < runs.count(); run++) {
        taking.take(
            "area", runs.address(run), runs.length(run), pageSize().blockBytes(descriptor.order()));
      }
      for (Folio chunk : chunks) {
        taking.take("chunk", chunk.address(), pageSize().bytes(), pageSize().bytes());
      }
    } catch (PreservationException e) {
      taking.giveBack();
      throw e;
    }
    chunks.forEach(chunk -> allocator.free(chunk.address(), 0));
    return new Area(memory, runs, descriptor.order());
  }

  /** What one operation has taken out of the map so far. */
  private final class Taking {

    private final List<long[]> taken = new ArrayList<>();

    void take(String what, long address, long bytes, long blockBytes) {
      long[] part = {address, 0, blockBytes};
      taken.add(part);
      for (long at = address; at < address + bytes; at += blockBytes) {
        takeBlock(what, at, blockBytes);
        part[1] += blockBytes;
      }
    }

    private void takeBlock(String what, long address, long blockBytes) {
      int order = Long.numberOfTrailingZeros(blockBytes) - pageSize().shift();
      if (!map.remove(address, order)) {
        throw notThere(what, address);
      }
    }

    void giveBack() {
      for (long[] part : taken) {
        int order = Long.numberOfTrailingZeros(part[2]) - pageSize().shift();
        for (long at = part[0]; at < part[0] + part[1]; at += part[2]) {
          map.add(at, order);
        }
      }
    }
  }

  private PreservationException notThere(String what, long address) {
    return new PreservationException(
        what,
        address,
        "no preserved block starts there: it never did, or it was given back already");
  }

  /**
   * Gives back the blob of a subtree, with the folio that holds it.
   *
   * @return empty if no subtree has that name
   * @throws PreservationException if it was given back already
   */
  public Optional<RestoredBlob> restoreBlob(String name) {
    requireUnfinished();
    return handover
        .subtree(name)
        .map(subtree -> {
          Folio folio = restoreFolio(subtree.address() & -(long) pageSize().bytes());
          return new RestoredBlob(folio, memory.writable(subtree.address(), subtree.size()));
        });
  }

  /**
   * A blob that was given back.
   *
   * @param folio that holds it, the new generation's own
   * @param bytes the blob
   */
  public record RestoredBlob(Folio folio, MemorySegment bytes) {}

  /** The subtree of that name, to look at. */
  public Optional<Subtree> subtree(String name) {
    return handover.subtree(name);
  }

  /** Visits what nobody has claimed yet. It stays taken, and is not handed on. */
  public void forEachUnclaimed(PreservedMap.RunVisitor visitor) {
    requireUnfinished();
    left.forEachRun(visitor);
  }

  /** Frees what nobody has claimed, and {@linkplain #finish finishes}. */
  public void releaseUnclaimed() {
    forEachUnclaimed((order, address, bytes) -> allocator.release(address, bytes));
    finish();
  }

  /**
   * Frees the map and the root FDT. Nothing can be restored after that; what nobody claimed stays
   * taken.
   */
  public void finish() {
    requireUnfinished();
    List<Long> nodes = new ArrayList<>();
    left.forEachNode((address, level, key) -> nodes.add(address));
    nodes.forEach(node -> allocator.free(node, 0));
    // Cleared, so that nobody who searches the memory takes it for a handover.
    memory.writable(handover.root().address(), pageSize().bytes()).fill((byte) 0);
    own.forEach(folio -> allocator.free(folio.address(), folio.order()));
    finished = true;
  }

  private void requireUnfinished() {
    if (finished) {
      throw new IllegalStateException("what was handed over has been finished with");
    }
  }
}
