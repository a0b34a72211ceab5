package org.kho4j.preflight.image;

import static org.kho4j.files.LittleEndian.U32;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.files.packed.Packing;
import org.kho4j.files.packed.Spool;

/**
 * A packed kernel within a file.
 *
 * @param bytes the packed kernel
 * @param offset its offset in the file
 * @param unpacked its unpacked size in bytes, which the kernel's build stored behind it; -1 if it
 *     did not
 */
record Payload(Path path, MemorySegment bytes, long offset, long unpacked) {

  /**
   * Most bytes that a packed kernel unpacks to: Debian's has 66 MB, with debug data some hundred.
   */
  private static final long MAX_UNPACKED = 1L << 30;

  /** Reads an unpacked kernel. */
  @FunctionalInterface
  interface Reading {
    KernelImage of(KernelContent content) throws IOException;
  }

  /** Takes a part of a file, by the place in its header. */
  static Payload of(Path path, MemorySegment file, long offset, long length)
      throws MalformedImageException {
    if (offset > file.byteSize() || length > file.byteSize() - offset) {
      throw new MalformedImageException(
          ("%s has its packed kernel at offset 0x%x, 0x%x bytes,"
                  + " which runs past the file's end at 0x%x")
              .formatted(path, offset, length, file.byteSize()));
    }
    return new Payload(path, file.asSlice(offset, length), offset, -1);
  }

  /**
   * Returns whether the kernel's build appends the length: it does for every packer except gzip,
   * which stores its own.
   */
  private static boolean hasLength(Packing packing) {
    return packing != Packing.GZIP;
  }

  /** Returns the payload without its last four bytes, if these are the length. */
  Payload withoutLength(Packing packing) {
    if (!hasLength(packing)) {
      return this;
    }
    long end = bytes.byteSize() - 4;
    return new Payload(
        path, bytes.asSlice(0, end), offset, Integer.toUnsignedLong(bytes.get(U32, end)));
  }

  /** Returns the payload with the length that the file stores behind the payload's end. */
  Payload withLengthBehind(MemorySegment file, Packing packing) {
    long end = offset + bytes.byteSize();
    return hasLength(packing) && file.byteSize() - end >= 4
        ? new Payload(path, bytes, offset, Integer.toUnsignedLong(file.get(U32, end)))
        : this;
  }

  /** Unpacks the kernel and reads it. */
  KernelImage read(Packing packing, Reading reading) throws IOException {
    try (MappedFile file =
        packing.unpack(path, bytes, offset, Spool.DEFAULT.withLimit(MAX_UNPACKED))) {
      if (unpacked >= 0 && file.size() != unpacked) {
        throw new MalformedImageException(
            "%s: the %s at offset 0x%x decompresses to %d bytes, but should have %d"
                .formatted(path, packing.format(), offset, file.size(), unpacked));
      }
      return reading.of(new KernelContent(path, file.bytes(), Optional.of(packing.format())));
    }
  }
}
