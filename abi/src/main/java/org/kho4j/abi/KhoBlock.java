package org.kho4j.abi;

/**
 * A page of a block set: the list form of entries of a fixed size, used by luo-v4 and luo-v5. Since
 * 7.2.
 *
 * <pre>
 *  0        8         16
 *  +--------+---------+-----------+-----------+-- ...
 *  | next   | count   | entry 0   | entry 1   |
 *  +--------+---------+-----------+-----------+-- ...
 * </pre>
 */
public final class KhoBlock {

  static final String NAME = "kho_block_header_ser";

  public static final Field NEXT =
      Field.phys(0, "next", () -> KhoBlock.STRUCTURE, "next block; 0 ends the list");
  public static final Field COUNT =
      Field.u64(
          8,
          "count",
          "entries used in this block: 1 to (PAGE_SIZE - 16) / entry size; a kernel refuses 0, and more than fit");

  public static final Structure STRUCTURE =
      Structure.paged(
              NAME,
              1,
              Field.bytes(
                  16,
                  "entries",
                  "bytes of the entries, each of the size that the user of the block set fixes"),
              Releases.since("7.2"),
              Lifetime.block(
                  0, "when the user of the block set serializes", "by the user of the block set"),
              "include/linux/kho/abi/block.h",
              "A page of entries, zeroed when it is allocated. All blocks except the last are"
                  + " normally full. The block has no version string of its own; kho-v4 determines"
                  + " its layout.",
              NEXT,
              COUNT)
          .filled();

  /** A kernel refuses a block set with more blocks (7.2). */
  public static final int MAX_BLOCKS = 10_000;

  private KhoBlock() {}

  /** Returns the number of entries of this size that fit into one block. */
  public static int capacity(PageSize pageSize, int entrySize) {
    return STRUCTURE.capacity(pageSize) / entrySize;
  }
}
