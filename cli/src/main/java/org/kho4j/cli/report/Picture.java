package org.kho4j.cli.report;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.Where;

/**
 * A picture of physical memory in three steps, each 512 times closer than the one before: the
 * source by gigabytes, a gigabyte by cells of 2 MiB, and such a cell by pages. What it takes does
 * not depend on how much is preserved.
 *
 * @param pageSize of the handover
 * @param gigabytes that have memory, ascending
 * @param ownerBytes for each {@link Owner}, by its number
 * @param sizeBytes for each {@link BlockSize}, by its number
 * @param notShown what the picture leaves out, as a sentence; null if nothing
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares pictures
record Picture(
    PageSize pageSize,
    List<Gigabyte> gigabytes,
    long[] ownerBytes,
    long[] sizeBytes,
    @Nullable String notShown) {

  static final int GIGABYTE_SHIFT = 30;
  static final int CELL_SHIFT = 21;

  /** Cells of a gigabyte. */
  static final int CELLS = 1 << (GIGABYTE_SHIFT - CELL_SHIFT);

  /** Gigabytes, cells or pages in a row. */
  static final int COLUMNS = 64;

  /**
   * A gigabyte of the picture.
   *
   * @param number its address divided by 2^30
   * @param owners the appearance of its cells by owner; null if it has nothing but memory, or no
   *     closer view
   * @param sizes what they look like by size of block; null with {@code owners}
   * @param owner what all of it looks like
   * @param size what all of it looks like by size of block
   * @param ownerBytes for each {@link Owner}
   * @param pages cells that are shown page by page
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Gigabyte(
      long number,
      byte @Nullable [] owners,
      byte @Nullable [] sizes,
      byte owner,
      byte size,
      long[] ownerBytes,
      List<Pages> pages) {

    long address() {
      return number << GIGABYTE_SHIFT;
    }

    /** The id of its part of a page, where all ids of the picture begin with a prefix. */
    String id(String prefix) {
      return prefix + "g" + number;
    }
  }

  /**
   * The pages of one cell.
   *
   * @param number its address divided by 2^21
   * @param owners for each page: 0, or the {@link Owner}'s number + 1
   * @param sizes for each page: 0, or the {@link BlockSize}'s number + 1
   * @param places for each page the structure that it belongs to, if it is known
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Pages(long number, byte[] owners, byte[] sizes, @Nullable Where[] places) {

    long address() {
      return number << CELL_SHIFT;
    }

    /** The id of its part of a page, where all ids of the picture begin with a prefix. */
    String id(String prefix) {
      return prefix + "p" + Long.toHexString(address());
    }
  }

  /** The appearance of one cell of a sheet, in a byte. */
  static final class Look {
    private static final int VALUE = 0xf;
    private static final int MEMORY = 0x10;
    private static final int METADATA = 0x20;
    private static final int MOSTLY = 0x40;

    private Look() {}

    /**
     * Makes one.
     *
     * @param value what most of it is, or -1
     * @param memory whether any of it is memory that the source has
     * @param metadata whether there is metadata in it as well
     * @param mostly whether it is at least half full
     */
    static byte of(int value, boolean memory, boolean metadata, boolean mostly) {
      return (byte)
          ((value + 1) | (memory ? MEMORY : 0) | (metadata ? METADATA : 0) | (mostly ? MOSTLY : 0));
    }

    static int value(byte look) {
      return (look & VALUE) - 1;
    }

    static boolean isMemory(byte look) {
      return (look & MEMORY) != 0;
    }

    static boolean hasMetadata(byte look) {
      return (look & METADATA) != 0;
    }

    static boolean isMostly(byte look) {
      return (look & MOSTLY) != 0;
    }
  }

  /** The part of a page that shows an address closest, by its id; empty if none does. */
  Optional<String> idAround(String prefix, long address) {
    return pages(address)
        .map(pages -> pages.id(prefix))
        .or(() -> panel(address).map(gigabyte -> gigabyte.id(prefix)));
  }

  /** Returns whether a gigabyte or a cell has metadata beside what most of it is. */
  boolean hasDots() {
    return gigabytes.stream()
        .anyMatch(
            one -> Look.hasMetadata(one.owner) || (one.owners != null && hasDots(one.owners)));
  }

  private static boolean hasDots(byte[] looks) {
    for (byte look : looks) {
      if (Look.hasMetadata(look)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the gigabytes that have a closer view. */
  List<Gigabyte> panels() {
    return gigabytes.stream().filter(one -> one.owners != null).toList();
  }

  /** The gigabyte that an address is in, if one can look closer at it. */
  Optional<Gigabyte> panel(long address) {
    return gigabytes.stream()
        .filter(one -> one.owners != null && one.number == address >>> GIGABYTE_SHIFT)
        .findFirst();
  }

  /** The pages around an address, if they are shown. */
  Optional<Pages> pages(long address) {
    return panel(address).stream()
        .flatMap(one -> one.pages.stream())
        .filter(pages -> pages.number == address >>> CELL_SHIFT)
        .findFirst();
  }
}
