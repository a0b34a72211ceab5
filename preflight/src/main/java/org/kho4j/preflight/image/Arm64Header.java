package org.kho4j.preflight.image;

import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.kho4j.abi.PageSize;

/**
 * The 64 bytes that an arm64 kernel starts with (Documentation/arch/arm64/booting.rst): {@code
 * text_offset} at 8, {@code image_size} at 16, {@code flags} at 24, whose bits 1 and 2 are the page
 * size since 4.6, {@code "ARM\x64"} at 56.
 */
final class Arm64Header {

  static final int LENGTH = 64;

  private static final int TEXT_OFFSET = 8;
  private static final int IMAGE_SIZE = 16;
  private static final int FLAGS = 24;

  /** Kernels are linked to run from any multiple of 2 MiB. */
  private static final long ALIGNMENT = 2L << 20;

  private static final int MAGIC_AT = 56;
  private static final int MAGIC = 0x644d5241;

  /** Largest plausible size of a kernel: 1 TiB. */
  private static final long MAX_SIZE = 1L << 40;

  private static final int PE_POINTER = 0x3c;
  private static final int PE_MAGIC = 0x4550;
  private static final int PE_HEADER = 24;
  private static final int PE_SECTION = 40;

  private Arm64Header() {}

  static boolean matches(MemorySegment bytes) {
    return matches(bytes, 0);
  }

  private static boolean matches(MemorySegment bytes, long at) {
    return bytes.byteSize() - at >= LENGTH && bytes.get(U32, at + MAGIC_AT) == MAGIC;
  }

  /**
   * Returns the end of the file by its PE header, which kernels with an EFI stub have; 0 for
   * others, whose own header has the size with memory that is zeroed at boot and is not in the
   * file.
   */
  static long endByPe(MemorySegment bytes) {
    long pe = Integer.toUnsignedLong(bytes.get(U32, PE_POINTER));
    if (pe < LENGTH || pe > bytes.byteSize() - PE_HEADER || bytes.get(U32, pe) != PE_MAGIC) {
      return 0;
    }
    int sections = Short.toUnsignedInt(bytes.get(U16, pe + 6));
    long header = pe + PE_HEADER + Short.toUnsignedInt(bytes.get(U16, pe + 20));
    long end = 0;
    for (int i = 0; i < sections && header <= bytes.byteSize() - PE_SECTION; i++) {
      long length = Integer.toUnsignedLong(bytes.get(U32, header + 16));
      end = Math.max(end, Integer.toUnsignedLong(bytes.get(U32, header + 20)) + length);
      header += PE_SECTION;
    }
    return end;
  }

  /**
   * Returns the memory for the kernel with all memory that it zeroes at boot; empty before 3.17,
   * whose header has no size.
   */
  static Optional<Footprint> footprint(MemorySegment bytes) {
    long size = bytes.get(U64, IMAGE_SIZE);
    long offset = bytes.get(U64, TEXT_OFFSET);
    boolean possible = size > 0 && size < MAX_SIZE && offset >= 0 && offset < MAX_SIZE;
    return possible ? Optional.of(new Footprint(size + offset, ALIGNMENT)) : Optional.empty();
  }

  /** Returns the page size, if there is a header at that offset and its flags have one. */
  static Optional<Found<PageSize>> pageSize(MemorySegment bytes, long at) {
    if (!matches(bytes, at)) {
      return Optional.empty();
    }
    int flags = bytes.get(U32, at + FLAGS);
    Optional<PageSize> size =
        switch (flags >>> 1 & 3) {
          case 1 -> Optional.of(PageSize.SIZE_4K);
          case 2 -> Optional.of(PageSize.SIZE_16K);
          case 3 -> Optional.of(PageSize.SIZE_64K);
          default -> Optional.empty();
        };
    return size.map(value ->
        new Found<>(
            value,
            "flags 0x%x of the arm64 Image header, offset 0x%x".formatted(flags, at + FLAGS)));
  }
}
