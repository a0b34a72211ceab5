package org.kho4j.verify.luo;

import java.util.function.Consumer;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;

/** Chains of KHO blocks, which list LUO's sessions and a session's files. */
public final class BlockRules {

  private static final String REFUSED =
      "The kernel reads the list of sessions in early boot, and panics. It reads a list of files"
          + " when /dev/liveupdate is first opened: this open and every later one fail with EIO"
          + " (7.2.6, 7.3.4).";

  public static final Rule POINTER =
      Rule.error(
          "BLOCK-001",
          "Every block is a page in memory.",
          "Not checked (7.2, 7.3): the kernel reads arbitrary memory, or faults: for sessions, in"
              + " early boot.",
          "The wrong pointer is in the block before, or in the head of the list.",
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule LOOP =
      Rule.error(
          "BLOCK-002",
          "The chain of blocks has no loop.",
          REFUSED,
          "A block's next was overwritten.",
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule TOO_MANY =
      Rule.error(
          "BLOCK-003",
          "A chain has no more than 10,000 blocks.",
          REFUSED,
          "Hand over fewer sessions, or fewer files in a session.",
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule COUNT =
      Rule.error(
          "BLOCK-004",
          "Every block has at least one entry, and no more entries than fit.",
          REFUSED,
          "The block was overwritten, or has another layout: blocks have no version string of"
              + " their own.",
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule PRESERVED =
      Rule.error(
          "BLOCK-005",
          "Every block is preserved as a block of order 0.",
          "The next kernel may reuse the page before it reads the block, and then reads other data"
              + " as sessions or files; or it warns about an untagged page when it frees the block"
              + " (7.2, 7.3).",
          "The writing kernel unpreserved the page, or preserved it with another order.",
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule NOT_FULL =
      Rule.error(
          "BLOCK-006",
          "Every block of a chain, except the last, is full.",
          "Not checked (7.2, 7.3): the kernel reads count entries, and continues with the next"
              + " block. A session beyond count is lost without a message (inferred). With a file"
              + " beyond count, the number of files differs from the session's count, and every"
              + " open of /dev/liveupdate fails with EIO.",
          "A kernel begins a block only when the previous block is full: count was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule BEHIND =
      Rule.error(
          "BLOCK-007",
          "The memory after the counted entries of a block is zero.",
          "Not read (7.2, 7.3): a session beyond count is lost without a message, and its memory"
              + " stays reserved (inferred). With a file beyond count, the number of files differs"
              + " from the session's count, and every open of /dev/liveupdate fails with EIO.",
          "A kernel zeroes a block when it allocates it, and counts every entry that it writes:"
              + " count was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  private BlockRules() {}

  /**
   * Checks a chain.
   *
   * @param first address of the first block, or 0
   * @param visitor takes each entry
   * @return the number of entries; -1 if it is not known
   */
  static long check(
      Scene scene, Where where, long first, Structure entry, Consumer<StructureView> visitor) {
    int entrySize = entry.headerSize();
    int capacity = KhoBlock.capacity(scene.pageSize(), entrySize);
    int header = KhoBlock.STRUCTURE.headerSize();
    Words seen = new Words();
    long entries = 0;
    int number = 0;
    for (long block = first; block != 0; number++) {
      Where place = where.in("block", number);
      StructureView view = scene.view(POINTER, place, block, KhoBlock.STRUCTURE);
      if (view == null) {
        return -1;
      }
      if (seen.putIfAbsent(block, 1) != 0) {
        scene.reportBroken(LOOP, place, block, "the chain returns to the block at 0x%x", block);
        return -1;
      }
      if (number == KhoBlock.MAX_BLOCKS) {
        scene.reportBroken(
            TOO_MANY, where, block, "there are more than %,d blocks", KhoBlock.MAX_BLOCKS);
        return -1;
      }
      scene.count("blocks", 1);
      if (!scene.own(PRESERVED, place, block, 0)) {
        return -1;
      }
      long count = view.get(KhoBlock.COUNT);
      if (count == 0 || Long.compareUnsigned(count, capacity) > 0) {
        scene.reportBroken(
            COUNT,
            place,
            block,
            "count is %s, not within 1 to %d",
            Long.toUnsignedString(count),
            capacity);
        return -1;
      }
      for (int i = 0; i < count; i++) {
        visitor.accept(view.element(i, entry));
      }
      long used = header + count * entrySize;
      Unused.check(
          scene, BEHIND, place, view.bytes().asSlice(used), block + used, entrySize, count);
      entries += count;
      long next = view.address(KhoBlock.NEXT);
      if (next != 0 && count < capacity) {
        scene.report(
            NOT_FULL,
            place,
            block,
            "count is %d of %d, but another block follows at 0x%x",
            count,
            capacity,
            next);
      }
      block = next;
    }
    return entries;
  }
}
