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
 * @param offset where in the file it starts
 * @param unpacked how many bytes it unpacks to, as the kernel's build has noted behind it; -1 where
 *     it has not
 */
record Payload(Path path, MemorySegment bytes, long offset, long unpacked) {

  /** Takes a part of a file whose header tells where it is. */
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

  /** The kernel's build appends the length to what any packer but gzip made, which has its own. */
  private static boolean hasLength(Packing packing) {
    return packing != Packing.GZIP;
  }

  /** The same, of one whose last four bytes are the length. */
  Payload withoutLength(Packing packing) {
    if (!hasLength(packing)) {
      return this;
    }
    long end = bytes.byteSize() - 4;
    return new Payload(
        path, bytes.asSlice(0, end), offset, Integer.toUnsignedLong(bytes.get(U32, end)));
  }

  /** The same, of one behind whose end in the file the length stands. */
  Payload withLengthBehind(MemorySegment file, Packing packing) {
    long end = offset + bytes.byteSize();
    return hasLength(packing) && file.byteSize() - end >= 4
        ? new Payload(path, bytes, offset, Integer.toUnsignedLong(file.get(U32, end)))
        : this;
  }

  /** Unpacks the kernel and reads it. */
  KernelImage read(Packing packing, KernelImages.Reading reading) throws IOException {
    try (MappedFile file =
        packing.unpack(path, bytes, offset, Spool.DEFAULT.withLimit(KernelImages.MAX_UNPACKED))) {
      if (unpacked >= 0 && file.size() != unpacked) {
        throw new MalformedImageException(
            "%s: the %s at offset 0x%x decompresses to %d bytes, but should have %d"
                .formatted(path, packing.format(), offset, file.size(), unpacked));
      }
      return reading.of(new KernelContent(path, file.bytes(), Optional.of(packing.format())));
    }
  }
}
