package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.VmallocArea;
import org.kho4j.handover.Wire;
import org.kho4j.handover.wire.Where;

/** Vmalloc areas: the descriptor, the chain of chunks, the blocks that they list. */
final class VmallocRules {

  private static final String FAILS =
      "The restore returns NULL (6.18 to 7.3), pages that it had restored by then leak, and the owner's data is lost: a"
          + " memfd's retrieve fails, kho_test reports a failed restore.";

  static final Rule FIRST =
      Rule.error(
          "VMALLOC-001",
          "A descriptor has a first chunk exactly if it has pages.",
          FAILS,
          "The descriptor was overwritten, or written before the area was preserved.");

  static final Rule ORDER =
      Rule.error(
          "VMALLOC-002",
          "The order of the mapping is one that a block can have.",
          "Not checked (6.18 to 7.3): the kernel shifts by it, undefined from 31 on, and the restore fails or maps the"
              + " wrong pages.",
          "The descriptor was overwritten, or its fields stand in another order than in this release.");

  static final Rule MULTIPLE =
      Rule.error(
          "VMALLOC-003",
          "total_pages is a multiple of 2^order.",
          FAILS,
          "total_pages and order disagree: one of them was overwritten.");

  static final Rule FLAGS =
      Rule.warning(
          "VMALLOC-004",
          "Only the flags that are known are set.",
          "Others are ignored without a word (6.18 to 7.3).",
          "A newer writer, whose meaning of the flag is lost, or an overwritten descriptor.");

  static final Rule CHUNK =
      Rule.error(
          "VMALLOC-005",
          "Every chunk is a page that is in memory.",
          "Not checked (6.18 to 7.3): the kernel reads whatever is there, or faults.",
          "The pointer is in the descriptor or in the chunk before, which is named.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule LOOP =
      Rule.error(
          "VMALLOC-006",
          "The chain of chunks does not come back to a chunk that it had.",
          "A chunk is given back once: the second time is a warning about an untagged page, and the restore fails (7.3).",
          "A chunk's next was overwritten.");

  static final Rule ENDS_EARLY =
      Rule.error(
          "VMALLOC-007",
          "The chunks list as many blocks as total_pages says, not fewer.",
          FAILS,
          "A chunk's next or one of its entries became 0, or total_pages is wrong.");

  static final Rule GOES_ON =
      Rule.error(
          "VMALLOC-008",
          "The chunks list as many blocks as total_pages says, not more.",
          FAILS,
          "A chunk's next is not 0 where the chain ends, or total_pages is wrong.");

  static final Rule ENTRY =
      Rule.error(
          "VMALLOC-009",
          "Every entry of a chunk is the address of a block of the area's order.",
          "Not checked (6.18 to 7.3): a page that is not the first of a preserved block is a warning, and the restore"
              + " fails; beyond memory it fails, too. The bits below the page are ignored (7.3.4).",
          "The chunk was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule CHUNK_PRESERVED =
      Rule.error(
          "VMALLOC-010",
          "Every chunk is preserved as a block of order 0.",
          "The next kernel uses the page for something else before the area is restored, and reads that as the list; or"
              + " giving it back is a warning, and the restore fails (7.3).",
          "Preserve the area with kho_preserve_vmalloc, which preserves the chunks as well.");

  static final Rule BLOCK_PRESERVED =
      Rule.error(
          "VMALLOC-011",
          "Every block of an area is preserved, with the area's order.",
          "What is not preserved is used for something else before anybody asks: the restore warns and fails (7.3). Of a"
              + " block that is preserved in smaller parts only the first part comes back, and nothing tells (7.1 on,"
              + " inferred).",
          "Somebody unpreserved or preserved the pages again by themselves; or the block lies across two NUMA nodes.");

  static final Rule BEHIND_ZERO =
      Rule.warning(
          "VMALLOC-012",
          "Nothing stands behind the entry that ends a chunk.",
          "A 0 ends the chunk (6.18 to 7.3): what stands behind it is not restored.",
          "An entry became 0, or the chunk was not zeroed when it was allocated.");

  private final Scene scene;
  private final PageSize pageSize;
  private final Where where;
  private final VmallocArea.RunVisitor visitor;
  private final int order;
  private final Words seen = new Words();
  private final long blocks;
  private long remaining;
  private long runStart;
  private long runEnd;

  private VmallocRules(
      Scene scene, Where where, int order, long blocks, VmallocArea.RunVisitor visitor) {
    this.scene = scene;
    this.pageSize = scene.pageSize();
    this.where = where;
    this.visitor = visitor;
    this.order = order;
    this.blocks = blocks;
    this.remaining = blocks;
  }

  /**
   * Checks an area.
   *
   * @param descriptor its 16 bytes
   * @param address of the descriptor
   * @param visitor takes what memory can be found, in virtual order
   */
  static void check(
      Scene scene,
      Where where,
      MemorySegment descriptor,
      long address,
      VmallocArea.RunVisitor visitor) {
    scene.counts().add("vmallocAreas", 1);
    long first = Wire.u64(descriptor, KhoVmalloc.FIRST);
    long total = Wire.u32(descriptor, KhoVmalloc.TOTAL_PAGES);
    int flags = Wire.u16(descriptor, KhoVmalloc.FLAGS);
    int order = Wire.u16(descriptor, KhoVmalloc.ORDER);
    Findings findings = scene.findings();
    int unknown = flags & ~(KhoVmalloc.FLAG_ALLOC | KhoVmalloc.FLAG_ALLOW_HUGE);
    if (unknown != 0) {
      findings.report(FLAGS, where, address, "flags is 0x%x: 0x%x is unknown", flags, unknown);
    }
    if ((first == 0) != (total == 0)) {
      findings.report(FIRST, where, address, "total_pages is %d, and first is 0x%x", total, first);
      return;
    }
    int most = KhoRadix.maxOrder(scene.pageSize());
    if (order > most) {
      findings.report(ORDER, where, address, "order is %d, beyond %d", order, most);
      return;
    }
    if ((total & ((1L << order) - 1)) != 0) {
      findings.report(
          MULTIPLE, where, address, "total_pages is %d, no multiple of 2^%d", total, order);
    }
    if (total != 0) {
      new VmallocRules(scene, where, order, total >>> order, visitor).chain(first, address);
    }
  }

  private void chain(long first, long descriptor) {
    OptionalLong chunk = OptionalLong.of(first);
    for (int number = 0; chunk.orElse(0) != 0; number++) {
      chunk = next(where.in("chunk", number), number, chunk.getAsLong());
    }
    if (chunk.isPresent() && remaining > 0) {
      scene
          .findings()
          .report(
              ENDS_EARLY,
              where,
              descriptor,
              "the chain ends after %d of the %d blocks of total_pages",
              blocks - remaining,
              blocks);
    }
    flush();
  }

  /** Checks a chunk; the address of the next, 0 at the end, or empty where the chain is broken. */
  private OptionalLong next(Where place, int number, long chunk) {
    MemorySegment page = scene.page(CHUNK, place, chunk);
    if (page == null) {
      return OptionalLong.empty();
    }
    if (seen.putIfAbsent(chunk, number + 1L) != 0) {
      scene
          .findings()
          .report(
              LOOP,
              place,
              chunk,
              "the chain has come back to chunk %d at 0x%x",
              seen.putIfAbsent(chunk, 1) - 1,
              chunk);
      return OptionalLong.empty();
    }
    scene.counts().add("chunks", 1);
    if (!scene.own(CHUNK_PRESERVED, place, chunk, 0)) {
      // Somebody else's chain goes on from here, and is walked there.
      return OptionalLong.empty();
    }
    if (!entries(place, chunk, page) || number > blocks + 1) {
      scene
          .findings()
          .report(
              GOES_ON,
              place,
              chunk,
              "the chain lists more than the %d blocks of total_pages",
              blocks);
      return OptionalLong.empty();
    }
    return OptionalLong.of(Wire.u64(page, KhoVmallocChunk.NEXT));
  }

  /** Takes a chunk's entries; false if there are more than there may be. */
  private boolean entries(Where place, long chunk, MemorySegment page) {
    int capacity = KhoVmallocChunk.STRUCTURE.capacity(pageSize);
    int header = KhoVmallocChunk.STRUCTURE.headerSize();
    long bytes = pageSize.blockBytes(order);
    int used = 0;
    for (; used < capacity; used++) {
      long block = page.get(Wire.U64, header + 8L * used);
      if (block == 0) {
        break;
      }
      if (remaining-- == 0) {
        remaining = 0;
        return false;
      }
      if ((block & (bytes - 1)) != 0 || block >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
        scene
            .findings()
            .report(
                ENTRY,
                place,
                chunk,
                "entry %d is 0x%x, no address of a block of order %d",
                used,
                block,
                order);
        flush();
        continue;
      }
      scene.own(BLOCK_PRESERVED, where.in("block at", block), block, order);
      if (block != runEnd) {
        flush();
        runStart = block;
      }
      runEnd = block + bytes;
    }
    for (int i = used + 1; i < capacity; i++) {
      long block = page.get(Wire.U64, header + 8L * i);
      if (block != 0) {
        scene
            .findings()
            .report(
                BEHIND_ZERO,
                place,
                chunk,
                "entry %d is 0x%x, behind entry %d, which is 0",
                i,
                block,
                used);
        break;
      }
    }
    return true;
  }

  private void flush() {
    if (runEnd != runStart) {
      visitor.run(runStart, runEnd - runStart);
    }
    runStart = 0;
    runEnd = 0;
  }
}
