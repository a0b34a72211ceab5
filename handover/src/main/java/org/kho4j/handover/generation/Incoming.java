package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.map.BlockBatch;
import org.kho4j.handover.map.MapWriter;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.Runs;

/**
 * The handover that a generation received: restores folios, areas and blobs, each once. Every
 * folio, page run and area is restored once, by its address. The map itself records the restored
 * blocks: the blocks that remain in it are unclaimed.
 */
public final class Incoming {

  private final Handover handover;
  private final Pages pages;
  private final MapWriter map;
  private final PreservedMap left;
  private final PreservedMap.Lookup lookup;
  private final long kexecCount;
  private final List<Folio> own = new ArrayList<>();
  private boolean finished;

  Incoming(Handover handover, Pages pages, long kexecCount) {
    this.handover = handover;
    this.pages = pages;
    this.left = handover.preservedMap();
    this.map = MapWriter.over(pages, left);
    this.lookup = left.lookup();
    this.kexecCount = kexecCount;
  }

  /** Claims the engine's own pages, which {@link #finish} frees. */
  void takeOwn() {
    takeOwn(handover.root().address());
    handover.subtree(KexecMetadata.SUBTREE).ifPresent(metadata -> takeOwn(metadata.address()));
  }

  private void takeOwn(long address) {
    int order = lookup.orderAt(address);
    if (order >= 0 && map.remove(address, order)) {
      own.add(new Folio(address, order));
    }
  }

  /** Returns the handover, for reading. */
  public Handover handover() {
    return handover;
  }

  /** Returns the kexec count that the earlier generation handed over; 0 if it handed none. */
  public long kexecCount() {
    return kexecCount;
  }

  private PageSize pageSize() {
    return handover.pageSize();
  }

  /**
   * Restores the folio at an address, with the order of its preservation.
   *
   * @throws PreservationException if no preserved block starts there, or it was restored already
   */
  public Folio restoreFolio(long address) {
    requireUnfinished();
    int order = lookup.orderAt(address);
    if (order < 0) {
      throw notThere("folio", address);
    }
    Folio folio = new Folio(address, order);
    take(List.of(folio));
    return folio;
  }

  /** Takes preserved blocks out of the map. */
  private void take(List<Folio> blocks) {
    blocks.forEach(block -> map.remove(block.address(), block.order()));
    pages.done(() -> blocks.forEach(block -> map.add(block.address(), block.order())));
    blocks.forEach(block -> pages.own(block.address(), block.bytes(pageSize())));
  }

  /**
   * Restores a run of pages. A kernel uses the split that it computes itself, and loses pages where
   * the earlier kernel split at a border of NUMA nodes; this method uses the blocks in the map.
   *
   * @throws PreservationException if not all of the run is preserved; then nothing was restored
   */
  public void restorePages(long address, long bytes) {
    requireUnfinished();
    if (!pageSize().isAligned(address) || bytes <= 0 || !pageSize().isAligned(bytes)) {
      throw new PreservationException(
          "page run", address, "%d bytes are not whole pages of %s".formatted(bytes, pageSize()));
    }
    take(blocksOf("page run", address, bytes));
  }

  /** Returns the preserved blocks that a range is made of. */
  private List<Folio> blocksOf(String what, long address, long bytes) {
    List<Folio> blocks = new ArrayList<>();
    long left = bytes;
    for (long at = address; left > 0; ) {
      int order = lookup.orderAt(at);
      if (order < 0) {
        throw notThere(what, at);
      }
      long size = pageSize().blockBytes(order);
      if (size > left) {
        throw new PreservationException(
            what,
            at,
            "a preserved block of order %d extends beyond the end at 0x%x"
                .formatted(order, at + left));
      }
      blocks.add(new Folio(at, order));
      at += size;
      left -= size;
    }
    return blocks;
  }

  /**
   * Restores a vmalloc area, and frees the pages that listed it.
   *
   * @throws HandoverException if the list of its pages is broken; then nothing was restored
   * @throws PreservationException if a block is not preserved, or was restored already; then
   *     nothing was restored
   */
  public OwnedArea restore(Descriptor descriptor) {
    requireUnfinished();
    PreservedArea listed = PreservedArea.of(handover.memory(), descriptor);
    List<Folio> chunks = new ArrayList<>();
    Runs runs =
        Runs.collect(visitor ->
            listed.forEachRun(
                (order, address, bytes) -> visitor.range(address, bytes),
                chunk -> chunks.add(new Folio(chunk, 0))));
    Taking taking = new Taking(runs, descriptor.order());
    try {
      taking.takeBlocks();
      taking.takeChunks(chunks);
    } catch (RuntimeException e) {
      taking.giveBack();
      throw e;
    }
    pages.done(taking::giveBack);
    pages.ownRestored(runs);
    chunks.forEach(chunk -> pages.release(chunk.address(), pageSize().bytes()));
    return new OwnedArea(pages.memory(), runs, descriptor.flags(), descriptor.order());
  }

  /** Takes the blocks of an area out of the map: all of them or none. */
  private final class Taking {

    private final Runs runs;
    private final int order;
    private final long blockBytes;
    private final BlockBatch batch = new BlockBatch();

    // Bytes of the area taken so far.
    private long taken;

    // Blocks taken beside those: chunks, and the parts of blocks that spanned NUMA nodes.
    private final List<Folio> parts = new ArrayList<>();
    private final Set<Long> split = new HashSet<>();

    Taking(Runs runs, int order) {
      this.runs = runs;
      this.order = order;
      this.blockBytes = pageSize().blockBytes(order);
    }

    void takeBlocks() {
      for (int run = 0; run < runs.count(); run++) {
        long address = runs.address(run);
        long end = address + runs.length(run);
        for (long block = address; block < end; block += blockBytes) {
          batch.add(block);
          if (batch.room() == 0) {
            takeBatch();
          }
        }
      }
      takeBatch();
    }

    private void takeBatch() {
      if (map.remove(batch, order)) {
        taken += batch.count() * blockBytes;
      } else {
        takeOneByOne();
      }
      batch.clear();
    }

    private void takeOneByOne() {
      for (int i = 0; i < batch.count(); i++) {
        long block = batch.addresses()[i];
        if (!map.remove(block, order)) {
          takeSplit(block);
        }
        taken += blockBytes;
      }
    }

    private void takeSplit(long block) {
      List<Folio> blocks = blocksOf("area", block, blockBytes);
      split.add(block);
      blocks.forEach(part -> map.remove(part.address(), part.order()));
      parts.addAll(blocks);
    }

    void takeChunks(List<Folio> chunks) {
      for (Folio chunk : chunks) {
        if (!map.remove(chunk.address(), 0)) {
          throw notThere("chunk", chunk.address());
        }
        parts.add(chunk);
      }
    }

    void giveBack() {
      for (int run = 0; run < runs.count() && runs.offset(run) < taken; run++) {
        long bytes = Math.min(runs.length(run), taken - runs.offset(run));
        for (long at = 0; at < bytes; at += blockBytes) {
          long block = runs.address(run) + at;
          if (!split.contains(block)) {
            map.add(block, order);
          }
        }
      }
      parts.forEach(part -> map.add(part.address(), part.order()));
    }
  }

  private PreservationException notThere(String what, long address) {
    return new PreservationException(
        what,
        address,
        "no preserved block starts there: it was never preserved, or already restored");
  }

  /**
   * Restores the blob of a subtree, with the folio that holds it.
   *
   * @return empty if no subtree has that name
   * @throws PreservationException if the blob was restored already, or is not in a block of its own
   */
  public Optional<RestoredBlob> restoreBlob(String name) {
    requireUnfinished();
    return handover
        .subtree(name)
        .map(subtree -> {
          Folio folio = blobFolio(subtree);
          take(List.of(folio));
          return new RestoredBlob(
              folio, subtree.address(), pages.memory().writable(subtree.address(), subtree.size()));
        });
  }

  private Folio blobFolio(Subtree subtree) {
    long start = subtree.address() & -(long) pageSize().bytes();
    int order = lookup.orderAt(start);
    if (order < 0) {
      throw notThere("/" + subtree.name(), start);
    }
    Folio folio = new Folio(start, order);
    if (subtree.address() + subtree.size() > start + folio.bytes(pageSize())) {
      throw new PreservationException(
          "/" + subtree.name(),
          subtree.address(),
          "the blob of %d bytes is not in one block: restore its pages as a page run"
              .formatted(subtree.size()));
    }
    return folio;
  }

  /**
   * A restored blob.
   *
   * @param folio that holds the blob, the new generation's own
   * @param address physical address of the blob
   * @param bytes the blob
   */
  public record RestoredBlob(Folio folio, long address, MemorySegment bytes) {

    /**
     * Returns the descriptor of an area, read from the blob.
     *
     * @throws HandoverException if the blob ends before the descriptor does
     */
    public Descriptor descriptor(long offset) {
      int size = KhoVmalloc.STRUCTURE.headerSize();
      if (offset < 0 || offset > bytes.byteSize() - size) {
        throw Where.ROOT
            .in("blob")
            .broken(
                address,
                "no descriptor of %d bytes at %d: the blob has %d bytes"
                    .formatted(size, offset, bytes.byteSize()));
      }
      return Descriptor.at(address + offset, bytes.asSlice(offset, size));
    }
  }

  /** Returns the subtree of that name, for reading. */
  public Optional<Subtree> subtree(String name) {
    return handover.subtree(name);
  }

  /** Visits the unclaimed memory. It stays taken, and is not preserved for the next generation. */
  public void forEachUnclaimed(RunVisitor visitor) {
    requireUnfinished();
    left.forEachRun(visitor);
  }

  /** Frees the unclaimed memory, and {@linkplain #finish finishes}. */
  public void releaseUnclaimed() {
    pages
        .journal()
        .atomically(() -> {
          forEachUnclaimed((order, address, bytes) -> pages.release(address, bytes));
          finish();
        });
  }

  /**
   * Frees the map and the root FDT. Nothing can be restored after that; unclaimed memory stays
   * taken.
   */
  public void finish() {
    requireUnfinished();
    MemorySegment root = pages.page(handover.root().address());
    pages
        .journal()
        .atomically(() -> {
          left.forEachPage(page -> pages.release(page, pageSize().bytes()));
          own.forEach(folio -> pages.release(folio.address(), folio.bytes(pageSize())));
          // Cleared, so that no search of the memory takes the page for a handover.
          pages.journal().afterwards(() -> root.fill((byte) 0));
          close();
        });
  }

  /**
   * Ends restoring at the handover to the next generation. Unclaimed memory is not preserved for
   * it.
   */
  void close() {
    boolean before = finished;
    finished = true;
    pages.done(() -> finished = before);
  }

  private void requireUnfinished() {
    if (finished) {
      throw new IllegalStateException(
          "the incoming handover is finished, or the generation has already handed over");
    }
  }
}
