package org.kho4j.fdt;

import static org.kho4j.fdt.FdtError.BAD_LAYOUT;
import static org.kho4j.fdt.FdtError.BAD_MAGIC;
import static org.kho4j.fdt.FdtError.BAD_VERSION;
import static org.kho4j.fdt.FdtError.TRUNCATED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The header: ten big-endian 32-bit words.
 *
 * <pre>
 *  0 magic        4 total size    8 structure offset  12 strings offset   16 reserve map offset
 * 20 version     24 last compatible version           28 boot CPU         32 strings size
 * 36 structure size (since version 17)
 * </pre>
 */
record FdtHeader(
    long totalSize,
    long structOffset,
    long stringsOffset,
    long reserveMapOffset,
    int version,
    int lastCompatibleVersion,
    int bootCpu,
    long stringsSize,
    long structSize) {

  /** Version 17 added one word to the header; the structure block is as in version 16. */
  static final int VERSION = 17;

  /** The oldest version whose structure block reads as version 17's does. */
  static final int COMPATIBLE_VERSION = 16;

  static final int TOTAL_SIZE = 4;
  static final int STRUCT_OFFSET = 8;
  static final int STRINGS_OFFSET = 12;
  static final int RESERVE_MAP_OFFSET = 16;
  static final int VERSION_OFFSET = 20;
  static final int LAST_COMPATIBLE_OFFSET = 24;
  static final int BOOT_CPU = 28;
  static final int STRINGS_SIZE = 32;
  static final int STRUCT_SIZE = 36;

  /** Address and size, 64 bits each; the last entry is all zero. */
  static final int RESERVE_ENTRY_SIZE = 16;

  static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int VERSION_16_HEADER_SIZE = 36;

  /** Reads and checks the header's own fields; {@link #checkLayout} does the rest. */
  static FdtHeader read(MemorySegment blob) {
    if (blob.byteSize() < Fdt.HEADER_SIZE) {
      throw new FdtException(
          TRUNCATED,
          0,
          "%d bytes are too few for the header of %d".formatted(blob.byteSize(), Fdt.HEADER_SIZE));
    }
    int magic = blob.get(WORD, 0);
    if (magic != Fdt.MAGIC) {
      throw new FdtException(
          BAD_MAGIC, 0, "the magic is 0x%08x, not 0x%08x".formatted(magic, Fdt.MAGIC));
    }
    int version = blob.get(WORD, VERSION_OFFSET);
    int lastCompatible = blob.get(WORD, LAST_COMPATIBLE_OFFSET);
    if (Integer.compareUnsigned(version, COMPATIBLE_VERSION) < 0) {
      throw new FdtException(
          BAD_VERSION,
          VERSION_OFFSET,
          "version %s is older than %d"
              .formatted(Integer.toUnsignedString(version), COMPATIBLE_VERSION));
    }
    if (Integer.compareUnsigned(lastCompatible, VERSION) > 0
        || Integer.compareUnsigned(lastCompatible, version) > 0) {
      throw new FdtException(
          BAD_VERSION,
          LAST_COMPATIBLE_OFFSET,
          "version %s is compatible down to %s, and this reader is of version %d"
              .formatted(
                  Integer.toUnsignedString(version),
                  Integer.toUnsignedString(lastCompatible),
                  VERSION));
    }
    long totalSize = word(blob, TOTAL_SIZE);
    if (totalSize < Fdt.HEADER_SIZE) {
      throw new FdtException(
          TRUNCATED,
          TOTAL_SIZE,
          "a total size of %d is less than the header's %d".formatted(totalSize, Fdt.HEADER_SIZE));
    }
    return new FdtHeader(
        totalSize,
        word(blob, STRUCT_OFFSET),
        word(blob, STRINGS_OFFSET),
        word(blob, RESERVE_MAP_OFFSET),
        version,
        lastCompatible,
        blob.get(WORD, BOOT_CPU),
        word(blob, STRINGS_SIZE),
        version == COMPATIBLE_VERSION ? 0 : word(blob, STRUCT_SIZE));
  }

  /**
   * Checks that the blocks lie inside of the blob, aligned and apart from each other, in whatever
   * order. The specification only says that they "should" be in the order reserve map, structure,
   * strings, and slack between them is fine.
   *
   * @return this header, with a structure size also where version 16 has none: up to the next block
   */
  FdtHeader checkLayout(MemorySegment blob) {
    if (totalSize > blob.byteSize()) {
      throw new FdtException(
          TRUNCATED,
          TOTAL_SIZE,
          "the total size is %d, but there are only %d bytes"
              .formatted(totalSize, blob.byteSize()));
    }
    Block reserveMap =
        new Block("reserve map", RESERVE_MAP_OFFSET, reserveMapOffset, reserveMapSize(blob));
    Block strings = new Block("strings block", STRINGS_OFFSET, stringsOffset, stringsSize);
    strings.checkInside(this, 1);
    long size = structSize;
    if (version == COMPATIBLE_VERSION) {
      long next = totalSize;
      for (Block other : new Block[] {reserveMap, strings}) {
        if (other.offset >= structOffset && other.size > 0) {
          next = Math.min(next, other.offset);
        }
      }
      size = Math.max(0, next - structOffset);
    }
    Block struct = new Block("structure block", STRUCT_OFFSET, structOffset, size);
    struct.checkInside(this, FdtTag.SIZE);
    reserveMap.checkApart(struct);
    reserveMap.checkApart(strings);
    struct.checkApart(strings);
    return new FdtHeader(
        totalSize,
        structOffset,
        stringsOffset,
        reserveMapOffset,
        version,
        lastCompatibleVersion,
        bootCpu,
        stringsSize,
        size);
  }

  /** Bytes of the reserve map, its terminating entry included. */
  private long reserveMapSize(MemorySegment blob) {
    new Block("reserve map", RESERVE_MAP_OFFSET, reserveMapOffset, 0).checkInside(this, 8);
    long at = reserveMapOffset;
    while (at + RESERVE_ENTRY_SIZE <= totalSize) {
      boolean last = blob.get(LONG, at) == 0 && blob.get(LONG, at + Long.BYTES) == 0;
      at += RESERVE_ENTRY_SIZE;
      if (last) {
        return at - reserveMapOffset;
      }
    }
    throw new FdtException(
        TRUNCATED,
        at,
        "the reserve map at 0x%x has no end before the blob's at 0x%x"
            .formatted(reserveMapOffset, totalSize));
  }

  private int size() {
    return version == COMPATIBLE_VERSION ? VERSION_16_HEADER_SIZE : Fdt.HEADER_SIZE;
  }

  private static long word(MemorySegment blob, int offset) {
    return Integer.toUnsignedLong(blob.get(WORD, offset));
  }

  private record Block(String name, int field, long offset, long size) {

    void checkInside(FdtHeader header, int alignment) {
      if (offset % alignment != 0) {
        throw new FdtException(
            BAD_LAYOUT,
            field,
            "the %s starts at 0x%x, which is not a multiple of %d"
                .formatted(name, offset, alignment));
      }
      if (offset < header.size() || offset + size > header.totalSize) {
        throw new FdtException(
            BAD_LAYOUT,
            field,
            "the %s at 0x%x of %d bytes is not between the header's end at 0x%x and the blob's at 0x%x"
                .formatted(name, offset, size, header.size(), header.totalSize));
      }
    }

    void checkApart(Block other) {
      if (size > 0
          && other.size > 0
          && offset < other.offset + other.size
          && other.offset < offset + size) {
        throw new FdtException(
            BAD_LAYOUT,
            other.field,
            "the %s at 0x%x of %d bytes and the %s at 0x%x of %d bytes overlap"
                .formatted(name, offset, size, other.name, other.offset, other.size));
      }
    }
  }
}
