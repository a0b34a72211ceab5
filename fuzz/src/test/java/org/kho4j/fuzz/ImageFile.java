package org.kho4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kho4j.files.packed.Spool;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;

/** Opens bytes as a memory image and reads what it has. */
final class ImageFile {

  private static final int PAGE = 4096;
  private static final int MAX_PAGES = 64;
  private static final Path FILE = create();

  /** Most bytes that an image unpacks to: bytes that unpack to more add nothing. */
  private static final Spool SPOOL = Spool.DEFAULT.withLimit(64 << 20);

  private ImageFile() {}

  private static Path create() {
    try {
      Path file = Files.createTempFile("kho4j-fuzz-", ".image");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Nothing but an {@link IOException} or a {@link MemoryReadException} comes of any bytes.
   *
   * @param kind the form of the image, or null to find it by content
   */
  static void read(byte[] bytes, MemorySource.@Nullable Kind kind) {
    OpenOptions options = new OpenOptions(kind, 0).withSpool(SPOOL);
    try {
      Files.write(FILE, bytes);
      try (PhysicalMemory memory = MemoryImages.open(FILE, options)) {
        readRanges(memory);
      }
    } catch (IOException e) {
      if (e.getMessage() == null || !e.getMessage().startsWith(FILE.toString())) {
        throw new AssertionError("does not name the file", e);
      }
    }
  }

  private static void readRanges(PhysicalMemory memory) {
    long[] budget = {MAX_PAGES};
    long[] end = {-1};
    memory.forEachRange((address, length) -> {
      if (length <= 0 || address <= end[0]) {
        throw new AssertionError("ranges are not ascending and merged");
      }
      end[0] = address + length;
      for (long at = 0; at < length && budget[0]-- > 0; at += PAGE) {
        read(memory, address + at, Math.min(PAGE, length - at));
      }
    });
  }

  private static void read(PhysicalMemory memory, long address, long length) {
    if (!memory.contains(address, length)) {
      throw new AssertionError("does not contain what it lists");
    }
    try {
      if (memory.read(address, length).byteSize() != length) {
        throw new AssertionError("reads another length");
      }
    } catch (MemoryReadException e) {
      if (e.address() < address - PAGE * 16L || e.address() >= address + length) {
        throw new AssertionError("names another address", e);
      }
    }
  }
}
