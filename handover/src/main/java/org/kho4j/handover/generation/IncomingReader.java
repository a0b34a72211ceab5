package org.kho4j.handover.generation;

import java.util.BitSet;
import java.util.List;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverMemory;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.PreservedMap;
import org.kho4j.handover.RootSearch;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.Where;
import org.kho4j.handover.metadata.Metadata;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.memory.WritableMemory;

/**
 * Reads what was handed to a generation, before that takes any memory. Makes the checks that a
 * kernel makes and the ones that it leaves out: scratch regions that overlap or are not memory,
 * preserved memory that overlaps, that is not there or that is scratch, nodes of the map in any of
 * these, blobs that nobody preserved.
 */
final class IncomingReader {

  private final WritableMemory memory;
  private final HandoverMemory pages;
  private final Handover handover;
  private final List<AddressRange> scratch;
  private final BitSet taken = new BitSet();
  private final long kexecCount;

  private IncomingReader(WritableMemory memory, BootData boot) {
    this.memory = memory;
    PageSize pageSize = boot.pageSize();
    this.pages = new HandoverMemory(memory, pageSize);
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
    reader.checkMap();
    reader.checkSubtrees();
    return reader;
  }

  List<AddressRange> scratch() {
    return scratch;
  }

  private void checkMap() {
    PreservedMap map = handover.preservedMap();
    Where where = Where.ROOT.in(KhoVersion.MAP_PROPERTY);
    map.forEachRun((order, address, bytes) -> take(where, address, bytes, "the preserved block"));
    if (!map.lookup().isPreserved(handover.root().address(), 0)) {
      throw where.broken(handover.root().address(), "the root FDT's own page is not preserved");
    }
    map.forEachNode((address, level, key) ->
        take(where, address, pages.pageSize().bytes(), "the map's page of level " + level));
  }

  private void take(Where where, long address, long bytes, String what) {
    if (!memory.contains(address, bytes)) {
      throw where.broken(
          address,
          "%s of %d bytes is not all in memory, which has 0x%x to 0x%x"
              .formatted(what, bytes, memory.base(), memory.base() + memory.size() - 1));
    }
    for (AddressRange region : scratch) {
      if (region.overlaps(address, bytes)) {
        throw where.broken(
            address, "%s of %d bytes is in scratch region %s".formatted(what, bytes, region));
      }
    }
    int first = index(address);
    int last = index(address + bytes - 1);
    int other = taken.nextSetBit(first);
    if (other >= 0 && other <= last) {
      throw where.broken(
          address,
          "%s of %d bytes has page 0x%x, which is preserved, or part of the map, once more"
              .formatted(what, bytes, memory.base() + ((long) other << pages.pageSize().shift())));
    }
    taken.set(first, last + 1);
  }

  private int index(long address) {
    return (int) ((address - memory.base()) >>> pages.pageSize().shift());
  }

  private void checkSubtrees() {
    List<Subtree> subtrees =
        handover.subtrees(problem -> {
          throw problem;
        });
    PreservedMap.Lookup lookup = handover.preservedMap().lookup();
    for (Subtree subtree : subtrees) {
      blobOrder(subtree, lookup);
    }
  }

  /** The order of the block that holds a blob. */
  private int blobOrder(Subtree subtree, PreservedMap.Lookup lookup) {
    long start = subtree.address() & -(long) pages.pageSize().bytes();
    int order = lookup.orderAt(start);
    if (order < 0) {
      throw subtree
          .where()
          .broken(
              subtree.address(),
              "no preserved block starts at 0x%x, where the blob is".formatted(start));
    }
    long room = start + pages.pageSize().blockBytes(order) - subtree.address();
    if (subtree.size() <= 0 || subtree.size() > room) {
      throw subtree
          .where()
          .broken(
              subtree.address(),
              "the blob of %s bytes is larger than the block of order %d that holds it"
                  .formatted(Long.toUnsignedString(subtree.size()), order));
    }
    return order;
  }

  /** Takes everything that was handed over out of the allocator's hands. */
  Incoming claim(PageAllocator allocator, Pages generationPages) {
    int shift = pages.pageSize().shift();
    for (int first = taken.nextSetBit(0); first >= 0; ) {
      int end = taken.nextClearBit(first);
      allocator.claim(memory.base() + ((long) first << shift), (long) (end - first) << shift);
      first = taken.nextSetBit(end);
    }
    return new Incoming(memory, handover, allocator, generationPages, kexecCount);
  }
}
