package org.kho4j.memory.kdump;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.MemorySource;

/**
 * The headers of a kdump-compressed dump, as makedumpfile and QEMU write them for 64-bit,
 * little-endian machines. The file is made of blocks, one page each:
 *
 * <pre>
 *  block 0   disk_dump_header: 0 "KDUMP   ", 8 u32 version, 12 six names of 65 bytes (utsname),
 *            424 u32 status, 428 u32 block size, 432 u32 sub-header blocks, 436 u32 bitmap blocks,
 *            440 u32 page frames
 *  block 1   kdump_sub_header: 8 u32 dump level, 12 u32 split, 16 u64 first, 24 u64 end of the
 *            frames of a split dump; from version 6 on 80 u64 first, 88 u64 end, 96 u64 page frames
 *  then      two bitmaps of the page frames: those that are RAM, those that are in the dump
 *  then      page_desc, 24 bytes for each frame in the dump: u64 offset, u32 size, u32 flags, u64
 *            the kernel's page flags
 *  then      the pages
 * </pre>
 *
 * @param machine by utsname
 * @param blockSize bytes of a block, which is the page size
 * @param incomplete the writer ran out of room: descriptors of zeros are pages that it did not get
 *     to
 * @param dumpLevel kinds of pages that makedumpfile left out: bit 0 pages of zeros, the others
 *     pages by their use
 * @param frames page frames that a bitmap covers
 * @param ramBitmap offset of the bitmap of the pages that are RAM
 * @param bitmap offset of the bitmap of the pages in the dump; the same if there is only one bitmap
 * @param descriptors offset of the first page descriptor
 * @param firstFrame first page frame that the file has descriptors for
 * @param endFrame the one after the last, at most {@code frames}
 */
record KdumpHeader(
    MemorySource.Machine machine,
    int blockSize,
    boolean incomplete,
    int dumpLevel,
    long frames,
    long ramBitmap,
    long bitmap,
    long descriptors,
    long firstFrame,
    long endFrame) {

  static final String SIGNATURE = "KDUMP   ";

  /** The advice for a part of a split dump. */
  static final String REASSEMBLE = "'makedumpfile --reassemble PART... FILE' joins the parts";

  /** Most page frames: 256 TiB in 4K pages, for which the bitmap has 8 GiB. */
  static final long MAX_FRAMES = 1L << 36;

  private static final int MIN_SIZE = 464;
  private static final int SUB_HEADER_SIZE = 104;
  private static final int MACHINE_NAME = 12 + 4 * 65;
  private static final int DUMP_LEVEL = 8;
  private static final int SPLIT = 12;
  private static final int FIRST_FRAME = 80;
  private static final int END_FRAME = 88;
  private static final int LAST_VERSION = 6;
  private static final int INCOMPLETE = 8;

  /**
   * Returns whether RAM that is not in the dump is zeros. A writer that ran out of room may have
   * left out bits.
   */
  boolean leftOutZerosAlone() {
    return dumpLevel == 1 && !incomplete;
  }

  static boolean matches(MemorySegment bytes) {
    return DumpBytes.startsWith(bytes, SIGNATURE);
  }

  static KdumpHeader read(Path path, DumpBytes dump) throws MalformedImageException {
    if (dump.size() < MIN_SIZE || !matches(dump.get(0, SIGNATURE.length()))) {
      throw malformed(path, "does not have a kdump header, which has 464 bytes");
    }
    int version = dump.u32(8);
    if (version < 1 || version > LAST_VERSION) {
      throw malformed(
          path,
          "has kdump header version "
              + Integer.toUnsignedString(version)
              + ": little-endian versions 1 to 6 are read");
    }
    String machine = name(dump, MACHINE_NAME);
    if (is32Bit(machine)) {
      throw malformed(path, "is the dump of a 32-bit machine (" + machine + ")");
    }
    int blockSize = dump.u32(428);
    if (blockSize < 4096 || blockSize > 65536 || Integer.bitCount(blockSize) != 1) {
      throw malformed(
          path,
          "has kdump blocks of "
              + Integer.toUnsignedString(blockSize)
              + " bytes: a page has 4096 to 65536");
    }
    if (isEmptyPart(dump, version, blockSize)) {
      throw malformed(path, "is a part without pages of a split dump: " + REASSEMBLE);
    }
    long subHeader = Integer.toUnsignedLong(dump.u32(432)) * blockSize;
    long bitmaps = blockSize + subHeader;
    long bitmapBytes = Integer.toUnsignedLong(dump.u32(436)) * blockSize;
    if (dump.size() < bitmaps + bitmapBytes || subHeader < SUB_HEADER_SIZE) {
      throw malformed(
          path,
          "has 0x"
              + Long.toHexString(subHeader)
              + " bytes of sub-header and 0x"
              + Long.toHexString(bitmapBytes)
              + " bytes of bitmap after its first block, and ends at 0x"
              + Long.toHexString(dump.size()));
    }
    long frames = version >= 6 ? dump.u64(blockSize + 96) : Integer.toUnsignedLong(dump.u32(440));
    if (frames < 0 || frames > MAX_FRAMES) {
      throw malformed(
          path,
          "has "
              + Long.toUnsignedString(frames)
              + " page frames: "
              + MAX_FRAMES
              + " are the most that is read");
    }
    return new KdumpHeader(
            machineOf(machine),
            blockSize,
            (dump.u32(424) & INCOMPLETE) != 0,
            dump.u32(blockSize + DUMP_LEVEL),
            frames,
            bitmaps,
            bitmaps + secondBitmap(path, frames, bitmapBytes, blockSize),
            bitmaps + bitmapBytes,
            0,
            frames)
        .splitBy(path, dump, version);
  }

  /**
   * Returns whether a file is an empty part of a split dump: makedumpfile ends such a part within
   * the bitmaps.
   */
  private static boolean isEmptyPart(DumpBytes dump, int version, int blockSize) {
    return version >= 6
        && dump.size() >= blockSize + SUB_HEADER_SIZE
        && dump.u32(blockSize + SPLIT) != 0
        && dump.u64(blockSize + FIRST_FRAME) == dump.u64(blockSize + END_FRAME);
  }

  /** Returns whether other parts have the pages of some frames. */
  boolean isPart() {
    return firstFrame > 0 || endFrame < frames;
  }

  /**
   * Returns the offset of the bitmap of pages in the dump; a full dump may have one bitmap only.
   */
  private static long secondBitmap(Path path, long frames, long bytes, int blockSize)
      throws MalformedImageException {
    long one = (frames + 8L * blockSize - 1) / (8L * blockSize) * blockSize;
    if (bytes >= 2 * one) {
      return bytes / blockSize % 2 == 0 ? bytes / 2 : one;
    }
    if (bytes >= one) {
      return 0;
    }
    throw malformed(
        path, "has a bitmap of 0x" + Long.toHexString(bytes) + " bytes for " + frames + " frames");
  }

  private KdumpHeader splitBy(Path path, DumpBytes dump, int version)
      throws MalformedImageException {
    if (version < 2 || dump.u32(blockSize + SPLIT) == 0) {
      return this;
    }
    long first = dump.u64(blockSize + (version >= 6 ? FIRST_FRAME : 16));
    long end = dump.u64(blockSize + (version >= 6 ? END_FRAME : 24));
    if (first < 0 || end < first || first > frames) {
      throw malformed(
          path,
          "is a part of a split dump with frames 0x"
              + Long.toHexString(first)
              + " to 0x"
              + Long.toHexString(end)
              + " of 0x"
              + Long.toHexString(frames));
    }
    return new KdumpHeader(
        machine,
        blockSize,
        incomplete,
        dumpLevel,
        frames,
        ramBitmap,
        bitmap,
        descriptors,
        first,
        Math.min(end, frames));
  }

  private static String name(DumpBytes dump, long offset) {
    byte[] bytes = dump.get(offset, 65).toArray(JAVA_BYTE);
    int length = 0;
    while (length < bytes.length && bytes[length] > ' ' && bytes[length] < 127) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static boolean is32Bit(String machine) {
    return machine.startsWith("arm")
        || machine.equals("ppc")
        || (machine.length() == 4 && machine.startsWith("i") && machine.endsWith("86"));
  }

  private static MemorySource.Machine machineOf(String machine) {
    return switch (machine) {
      case "x86_64" -> MemorySource.Machine.X86_64;
      case "aarch64" -> MemorySource.Machine.AARCH64;
      default -> MemorySource.Machine.UNKNOWN;
    };
  }

  private static MalformedImageException malformed(Path path, String what) {
    return new MalformedImageException(path + " " + what);
  }
}
