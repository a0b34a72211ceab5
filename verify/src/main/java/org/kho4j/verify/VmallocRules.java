package org.kho4j.verify;

import java.util.Map;
import java.util.Objects;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.handover.vmalloc.ChunkWalk;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.RunVisitor;
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

  static final Rule FLAGS_MISSING =
      Rule.warning(
          "VMALLOC-013",
          "The flags are those that a kernel writes: ALLOC always, and ALLOW_HUGE where the order is above 0.",
          "Restored without them (6.18 to 7.3): the area lacks flags that vmalloc() sets; its content is intact"
              + " (inferred).",
          "flags or order was overwritten: a kernel preserves only what vmalloc() allocated.");

  private static final Map<ChunkWalk.Fault, Rule> RULES =
      Map.of(
          ChunkWalk.Fault.FIRST, FIRST,
          ChunkWalk.Fault.ORDER, ORDER,
          ChunkWalk.Fault.MULTIPLE, MULTIPLE,
          ChunkWalk.Fault.CHUNK, CHUNK,
          ChunkWalk.Fault.LOOP, LOOP,
          ChunkWalk.Fault.ENTRY, ENTRY,
          ChunkWalk.Fault.GOES_ON, GOES_ON,
          ChunkWalk.Fault.ENDS_EARLY, ENDS_EARLY);

  private VmallocRules() {}

  /**
   * Checks an area.
   *
   * @param visitor takes what memory can be found, in virtual order
   */
  static void check(Scene scene, Where where, Descriptor descriptor, RunVisitor visitor) {
    scene.counts().add("vmallocAreas", 1);
    Findings findings = scene.findings();
    flags(findings, where, descriptor);
    ChunkWalk walk =
        new ChunkWalk(
            scene.memory(),
            where,
            descriptor,
            (fault, place, address, format, arguments) ->
                findings.report(
                    Objects.requireNonNull(RULES.get(fault)), place, address, format, arguments));
    RunVisitor owning =
        (order, address, bytes) -> {
          long block = scene.pageSize().blockBytes(order);
          for (long at = address; at < address + bytes; at += block) {
            scene.own(BLOCK_PRESERVED, where.in("block at", at), at, order);
          }
          visitor.run(order, address, bytes);
        };
    while (next(findings, walk)) {
      scene.counts().add("chunks", 1);
      if (!scene.own(CHUNK_PRESERVED, walk.place(), walk.address(), 0)) {
        // The chain of another owner continues from here, and is walked there.
        return;
      }
      scene.read(walk.place(), walk.chunk());
      walk.runs(owning);
      walk.flush(owning);
      behindZero(findings, walk);
    }
  }

  private static boolean next(Findings findings, ChunkWalk walk) {
    try {
      return walk.next();
    } catch (HandoverException e) {
      findings.report(CHUNK, e);
      return false;
    }
  }

  private static void flags(Findings findings, Where where, Descriptor descriptor) {
    int flags = descriptor.flags();
    int unknown = flags & ~(KhoVmalloc.FLAG_ALLOC | KhoVmalloc.FLAG_ALLOW_HUGE);
    if (unknown != 0) {
      findings.report(
          FLAGS, where, descriptor.address(), "flags is 0x%x: 0x%x is unknown", flags, unknown);
    }
    int missing = OwnedArea.flags(descriptor.order()) & ~flags;
    if (missing != 0 && !descriptor.isEmpty()) {
      findings.report(
          FLAGS_MISSING,
          where,
          descriptor.address(),
          "flags is 0x%x: 0x%x is missing in an area of order %d",
          flags,
          missing,
          descriptor.order());
    }
  }

  private static void behindZero(Findings findings, ChunkWalk walk) {
    int end = walk.used();
    if (end == walk.capacity() || walk.entry(end) != 0) {
      return;
    }
    for (int i = end + 1; i < walk.capacity(); i++) {
      if (walk.entry(i) != 0) {
        findings.report(
            BEHIND_ZERO,
            walk.place(),
            walk.address(),
            "entry %d is 0x%x, behind entry %d, which is 0",
            i,
            walk.entry(i),
            end);
        return;
      }
    }
  }
}
