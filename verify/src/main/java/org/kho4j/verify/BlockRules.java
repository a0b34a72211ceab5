package org.kho4j.verify;

import java.util.function.Consumer;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.Structure;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** Chains of KHO blocks, which list LUO's sessions and a session's files. */
final class BlockRules {

  private static final String REFUSED =
      "A list of sessions is read in early boot: panic. A list of files is read when /dev/liveupdate is first opened: that"
          + " and every later open fail with EIO (7.2.6, 7.3.4).";

  static final Rule POINTER =
      Rule.error(
          "BLOCK-001",
          "Every block is a page that is in memory.",
          "Not checked (7.2, 7.3): the kernel reads whatever is there, or faults: in early boot for sessions.",
          "The pointer is in the block before, or in what heads the list.",
          Outcome.FAILED,
          Outcome.PANIC);

  static final Rule LOOP =
      Rule.error(
          "BLOCK-002",
          "The chain of blocks does not come back to a block that it had.",
          REFUSED,
          "A block's next was overwritten.",
          Outcome.FAILED,
          Outcome.PANIC);

  static final Rule TOO_MANY =
      Rule.error(
          "BLOCK-003",
          "A chain has no more than 10,000 blocks.",
          REFUSED,
          "Hand over fewer sessions, or fewer files in a session.",
          Outcome.FAILED,
          Outcome.PANIC);

  static final Rule COUNT =
      Rule.error(
          "BLOCK-004",
          "Every block has at least one entry, and no more than fit.",
          REFUSED,
          "The block was overwritten, or is of another layout: blocks have no version string of their own.",
          Outcome.FAILED,
          Outcome.PANIC);

  static final Rule PRESERVED =
      Rule.error(
          "BLOCK-005",
          "Every block is preserved as a block of order 0.",
          "The next kernel uses the page for something else before it is read, and takes that for sessions or files; or"
              + " freeing it is a warning about an untagged page (7.2, 7.3).",
          "Somebody unpreserved the page, or preserved it with another order.",
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule NOT_FULL =
      Rule.error(
          "BLOCK-006",
          "Every block but the last of its chain is full.",
          "Not checked (7.2, 7.3): the kernel reads as many entries as count says, and goes on to the next block. A session"
              + " that count leaves out is lost without a word (inferred); a file that count leaves out does not match its"
              + " session's count, and every open of /dev/liveupdate fails with EIO.",
          "The kernel begins a block only when the one before is full: count was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule BEHIND =
      Rule.error(
          "BLOCK-007",
          "Nothing is stored behind the entries that a block counts.",
          "Not read (7.2, 7.3): a session that count leaves out is lost without a word, and its memory stays reserved"
              + " (inferred). A file that count leaves out does not match its session's count, and every open of"
              + " /dev/liveupdate fails with EIO.",
          "A kernel allocates blocks zeroed and writes only what it counts: count was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  private BlockRules() {}

  /**
   * Checks a chain.
   *
   * @param first address of the first block, or 0
   * @param visitor takes each entry
   * @return how many entries there are; -1 if that cannot be told
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
        scene
            .findings()
            .report(LOOP, place, block, "the chain has come back to the block at 0x%x", block);
        return -1;
      }
      if (number == KhoBlock.MAX_BLOCKS) {
        scene
            .findings()
            .report(TOO_MANY, where, block, "there are more than %,d blocks", KhoBlock.MAX_BLOCKS);
        return -1;
      }
      scene.counts().add("blocks", 1);
      if (!scene.own(PRESERVED, place, block, 0)) {
        return -1;
      }
      long count = view.get(KhoBlock.COUNT);
      if (count == 0 || Long.compareUnsigned(count, capacity) > 0) {
        scene
            .findings()
            .report(
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
        scene
            .findings()
            .report(
                NOT_FULL,
                place,
                block,
                "count is %d of %d, and another block follows at 0x%x",
                count,
                capacity,
                next);
      }
      block = next;
    }
    return entries;
  }
}
