package org.kho4j.preflight.image;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.files.MappedFile;
import org.kho4j.files.packed.Packing;
import org.kho4j.files.packed.Spool;

/**
 * The BTF of a kernel as bytes, for the tools that read nothing else: the longest that its header
 * says is whole, wherever in the kernel it is.
 */
public final class RawBtf {

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private RawBtf() {}

  /** The kernels under {@code -Dkho.kernels=DIR}; none without it. */
  public static List<Path> kernels() {
    String root = System.getProperty("kho.kernels");
    if (root == null) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(Path.of(root), 8)) {
      return files
          .filter(file -> file.getFileName().toString().matches("kernel|vmlinu[xz](-.*)?"))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Empty for a kernel without. */
  public static Optional<byte[]> of(Path kernel) throws IOException {
    try (MappedFile file = MappedFile.open(kernel)) {
      MemorySegment bytes = file.bytes();
      if (BzImage.matches(bytes)) {
        long start = ((bytes.get(JAVA_BYTE, 0x1f1) & 0xff) + 1) * 512L + bytes.get(U32, 0x248);
        bytes = bytes.asSlice(start, bytes.get(U32, 0x24c));
      } else if (Zboot.matches(bytes)) {
        bytes = bytes.asSlice(bytes.get(U32, 8), bytes.get(U32, 12));
      }
      Optional<Packing> packing = Packing.of(bytes);
      if (packing.isEmpty()) {
        return longest(bytes);
      }
      long end = bytes.byteSize() - (packing.get() == Packing.GZIP ? 0 : 4);
      try (MappedFile unpacked =
          packing
              .get()
              .unpack(kernel, bytes.asSlice(0, end), 0, Spool.DEFAULT.withLimit(1L << 30))) {
        return longest(unpacked.bytes());
      }
    }
  }

  private static Optional<byte[]> longest(MemorySegment bytes) {
    Optional<MemorySegment> longest = Optional.empty();
    for (long at = 0; at <= bytes.byteSize() - 24; at += 4) {
      int header = bytes.get(U32, at + 4);
      if (bytes.get(U32, at) == 0x0001eb9f && (header == 24 || header == 32)) {
        long types = end(bytes, at + 8);
        long length = header + Math.max(types, end(bytes, at + 16));
        boolean whole = types > 0 && length <= bytes.byteSize() - at;
        if (whole && length > longest.map(MemorySegment::byteSize).orElse(0L)) {
          longest = Optional.of(bytes.asSlice(at, length));
        }
      }
    }
    return longest.map(btf -> btf.toArray(JAVA_BYTE));
  }

  private static long end(MemorySegment bytes, long field) {
    return Integer.toUnsignedLong(bytes.get(U32, field))
        + Integer.toUnsignedLong(bytes.get(U32, field + 4));
  }
}
