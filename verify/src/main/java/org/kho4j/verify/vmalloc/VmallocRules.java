package org.kho4j.verify.vmalloc;

import java.util.Map;
import java.util.Objects;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.handover.vmalloc.ChunkWalk;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** Rules for vmalloc areas: the descriptor, the chain of chunks, and the listed blocks. */
public final class VmallocRules {

  private static final String FAILS =
      "The restore returns NULL (6.18 to 7.3), leaks the pages that it has already restored, and"
          + " the owner's data are lost: a memfd's retrieve fails, kho_test reports a failed"
          + " restore.";

  public static final Rule FIRST =
      Rule.error(
          "VMALLOC-001",
          "A descriptor has a first chunk if and only if total_pages is not 0.",
          FAILS,
          "The descriptor was overwritten, or written before the area was preserved.");

  public static final Rule ORDER =
      Rule.error(
          "VMALLOC-002",
          "The order of the mapping is the order of a possible block.",
          "Not checked (6.18 to 7.3): the kernel shifts by the order, which is undefined from 31"
              + " on, and the restore fails or maps the wrong pages.",
          "The descriptor was overwritten, or its fields have another order than in this release.");

  public static final Rule MULTIPLE =
      Rule.error(
          "VMALLOC-003",
          "total_pages is a multiple of 2^order.",
          FAILS,
          "total_pages and order disagree: one of them was overwritten.");

  public static final Rule FLAGS =
      Rule.warning(
          "VMALLOC-004",
          "Only known flags are set.",
          "The kernel ignores unknown flags without a message (6.18 to 7.3).",
          "A newer kernel set a new flag, or the descriptor was overwritten.");

  public static final Rule CHUNK =
      Rule.error(
          "VMALLOC-005",
          "Every chunk is a page in memory.",
          "Not checked (6.18 to 7.3): the kernel reads arbitrary memory, or faults.",
          "The wrong pointer is in the descriptor or in the previous chunk. The finding names it.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule LOOP =
      Rule.error(
          "VMALLOC-006",
          "The chain of chunks has no loop.",
          "The kernel restores a chunk only once: the second time, it warns about an untagged"
              + " page, and the restore fails (7.3).",
          "A chunk's next was overwritten.");

  public static final Rule ENDS_EARLY =
      Rule.error(
          "VMALLOC-007",
          "The chunks list no fewer blocks than total_pages requires.",
          FAILS,
          "A chunk's next or one of its entries was set to 0, or total_pages was overwritten.");

  public static final Rule GOES_ON =
      Rule.error(
          "VMALLOC-008",
          "The chunks list no more blocks than total_pages requires.",
          FAILS,
          "The next of the last chunk is not 0, or total_pages was overwritten.");

  public static final Rule ENTRY =
      Rule.error(
          "VMALLOC-009",
          "Every entry of a chunk is the address of a block of the area's order.",
          "Not checked (6.18 to 7.3): if the page is not the first of a preserved block, the"
              + " kernel warns, and the restore fails; it also fails beyond memory. The kernel"
              + " ignores address bits below the page (7.3.4).",
          "The chunk was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule CHUNK_PRESERVED =
      Rule.error(
          "VMALLOC-010",
          "Every chunk is preserved as a block of order 0.",
          "The next kernel may reuse the page before the area is restored, and then reads other"
              + " data as the list; or it warns when it restores the page, and the restore fails"
              + " (7.3).",
          "Preserve the area with kho_preserve_vmalloc, which also preserves the chunks.");

  public static final Rule BLOCK_PRESERVED =
      Rule.error(
          "VMALLOC-011",
          "Every block of an area is preserved, with the area's order.",
          "The next kernel may reuse a block that is not preserved; the restore then warns and"
              + " fails (7.3). If a block is preserved in smaller parts, only the first part is"
              + " restored, without a message (since 7.1, inferred).",
          "A client unpreserved the pages, or preserved them again separately; or the block spans"
              + " two NUMA nodes.");

  public static final Rule BEHIND_ZERO =
      Rule.warning(
          "VMALLOC-012",
          "The memory after the last entry of a chunk is zero.",
          "A 0 ends the chunk (6.18 to 7.3): entries after it are not restored.",
          "An entry was set to 0, or the chunk was not zeroed when it was allocated.");

  public static final Rule FLAGS_MISSING =
      Rule.warning(
          "VMALLOC-013",
          "The flags are those that a kernel writes: ALLOC always, and ALLOW_HUGE if the order is"
              + " above 0.",
          "The kernel restores the area without the flags that vmalloc() sets (6.18 to 7.3); its"
              + " content is intact (inferred).",
          "flags or order was overwritten: a kernel preserves only areas from vmalloc().");

  /** Name of the part that is a block of an area; {@code block} is one of a KHO list. */
  public static final String BLOCK = "vmalloc block";

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
   * @param visitor takes the memory that can be found, in virtual order
   */
  public static void check(Scene scene, Where where, Descriptor descriptor, RunVisitor visitor) {
    scene.count("vmallocAreas", 1);
    flags(scene, where, descriptor);
    ChunkWalk walk =
        new ChunkWalk(
            scene.memory(),
            where,
            descriptor,
            (fault, place, address, format, arguments) -> {
              scene.reportBroken(
                  Objects.requireNonNull(RULES.get(fault)), place, address, format, arguments);
            });
    RunVisitor owning =
        (order, address, bytes) -> {
          long block = scene.pageSize().blockBytes(order);
          for (long at = address; at < address + bytes; at += block) {
            scene.own(BLOCK_PRESERVED, where.at(BLOCK, at), at, order);
          }
          visitor.run(order, address, bytes);
        };
    while (next(scene, where, walk)) {
      scene.count("chunks", 1);
      scene.read(walk.place(), walk.chunk());
      if (!scene.own(CHUNK_PRESERVED, walk.place(), walk.address(), 0)) {
        // The chain of another owner continues from here, and is walked there.
        return;
      }
      walk.runs(owning);
      walk.flush(owning);
      behindZero(scene, walk);
    }
  }

  /** Goes to the next chunk. The area owns an absent chunk, too. */
  private static boolean next(Scene scene, Where where, ChunkWalk walk) {
    try {
      return walk.next();
    } catch (HandoverException e) {
      scene.report(CHUNK, e);
      scene.take(where.in("chunk", walk.chunks()), e.address(), scene.pageSize().bytes());
      return false;
    }
  }

  private static void flags(Scene scene, Where where, Descriptor descriptor) {
    int flags = descriptor.flags();
    int unknown = flags & ~(KhoVmalloc.FLAG_ALLOC | KhoVmalloc.FLAG_ALLOW_HUGE);
    if (unknown != 0) {
      scene.report(
          FLAGS, where, descriptor.address(), "flags is 0x%x: 0x%x is unknown", flags, unknown);
    }
    int missing = OwnedArea.flags(descriptor.order()) & ~flags;
    if (missing != 0 && !descriptor.isEmpty()) {
      scene.report(
          FLAGS_MISSING,
          where,
          descriptor.address(),
          "flags is 0x%x: 0x%x is missing in an area of order %d",
          flags,
          missing,
          descriptor.order());
    }
  }

  private static void behindZero(Scene scene, ChunkWalk walk) {
    int end = walk.used();
    if (end == walk.capacity() || walk.entry(end) != 0) {
      return;
    }
    for (int i = end + 1; i < walk.capacity(); i++) {
      if (walk.entry(i) != 0) {
        scene.report(
            BEHIND_ZERO,
            walk.place(),
            walk.address(),
            "entry %d is 0x%x, after entry %d, which is 0",
            i,
            walk.entry(i),
            end);
        return;
      }
    }
  }
}
