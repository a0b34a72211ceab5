package org.kho4j.handover.generation;

import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.WritableMemory;

/**
 * Reads the incoming handover of a generation, before the generation takes any memory. Makes the
 * checks that a kernel makes and the ones that it leaves out: scratch regions that overlap or are
 * not memory, preserved memory that overlaps, is not in memory or is scratch, nodes of the map in
 * any of these, blobs that are not preserved.
 */
final class IncomingReader {

  private final WritableMemory memory;
  private final HandoverMemory pages;
  private final Handover handover;
  private final List<AddressRange> scratch;
  private final PageBitmap taken;
  private final long kexecCount;

  private IncomingReader(WritableMemory memory, BootData boot) {
    this.memory = memory;
    PageSize pageSize = boot.pageSize();
    if (!pageSize.isAligned(memory.base()) || !pageSize.isAligned(memory.size())) {
      throw Where.ROOT
          .in("boot-record")
          .broken(
              boot.fdtAddress(),
              "the page size is %s, and memory from 0x%x to 0x%x is no whole pages of it"
                  .formatted(pageSize, memory.base(), memory.base() + memory.size() - 1));
    }
    this.pages = new HandoverMemory(memory, pageSize);
    this.taken = new PageBitmap(memory, pageSize);
    pages.page(Where.ROOT, boot.fdtAddress());
    this.scratch = ScratchArray.read(memory, pages, boot).regions();
    this.handover =
        Handovers.of(memory, List.of(RootSearch.at(memory, boot.fdtAddress())), pageSize)
            .getFirst();
    this.kexecCount = handover.client(Metadata.CLIENT).map(Metadata::kexecCount).orElse(0L);
  }

  /** Reads and checks everything. */
  static IncomingReader read(WritableMemory memory, BootData boot) {
    IncomingReader reader = new IncomingReader(memory, boot);
    reader.checkBlocks();
    reader.checkSubtrees();
    reader.checkNodes();
    return reader;
  }

  List<AddressRange> scratch() {
    return scratch;
  }

  private void checkBlocks() {
    PreservedMap map = handover.preservedMap();
    map.forEachRun(
        (order, address, bytes) -> take(PreservedMap.PATH, address, bytes, "the preserved block"));
    if (!map.lookup().isPreserved(handover.root().address(), 0)) {
      throw PreservedMap.PATH.broken(
          handover.root().address(), "the root FDT's own page is not preserved");
    }
  }

  private void checkNodes() {
    handover
        .preservedMap()
        .forEachPage(page ->
            take(PreservedMap.PATH, page, pages.pageSize().bytes(), "a page of the map itself"));
  }

  private void take(Where where, long address, long bytes, String what) {
    if (!memory.contains(address, bytes)) {
      throw where.broken(
          address,
          "%s of %d bytes is partly outside of memory, which has 0x%x to 0x%x"
              .formatted(what, bytes, memory.base(), memory.base() + memory.size() - 1));
    }
    for (AddressRange region : scratch) {
      if (region.overlaps(address, bytes)) {
        throw where.broken(
            address, "%s of %d bytes is in scratch region %s".formatted(what, bytes, region));
      }
    }
    long other = taken.firstOf(address, bytes);
    if (other >= 0) {
      throw where.broken(
          address,
          "%s of %d bytes has page 0x%x, which is also preserved elsewhere or part of the map"
              .formatted(what, bytes, other));
    }
    taken.add(address, bytes);
  }

  private void checkSubtrees() {
    List<Subtree> subtrees =
        handover.subtrees(problem -> {
          throw problem;
        });
    for (Subtree subtree : subtrees) {
      long address = subtree.address();
      long size = subtree.size();
      if (size == 0 || !memory.contains(address, size) || !taken.hasAll(address, size)) {
        throw subtree
            .where()
            .broken(
                address,
                "the blob of %s bytes is not completely preserved"
                    .formatted(Long.toUnsignedString(size)));
      }
    }
  }

  /** Claims all memory of the handover in the allocator. */
  Incoming claim(Pages generationPages) {
    taken.forEachRun(generationPages::claim);
    return new Incoming(handover, generationPages, kexecCount);
  }
}
