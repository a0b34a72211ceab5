package org.kho4j.memory.image;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.files.packed.Packing;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.elf.ElfCore;
import org.kho4j.memory.kdump.KdumpMemory;
import org.kho4j.memory.mapped.MappedMemory;
import org.kho4j.memory.mapped.MappedRuns;

/** Opens memory images. */
public final class MemoryImages {

  /** Most bytes that an image unpacks to: the largest file that ext4 has. */
  private static final long MAX_UNPACKED = 16L << 40;

  private MemoryImages() {}

  /** Opens an image with {@link OpenOptions#DEFAULT}. */
  public static PhysicalMemory open(Path path) throws IOException {
    return open(path, OpenOptions.DEFAULT);
  }

  /**
   * Opens an image: a raw RAM file, an ELF core, a kdump-compressed dump (raw or flattened), or one
   * of these zstd-compressed as a whole.
   *
   * <p>An image that is zstd as a whole is unpacked first, whatever form {@code options} name, into
   * a file without a name in {@code java.io.tmpdir} whose zero pages are holes; up to 16 TiB, and
   * as long as 64 MiB stay free there.
   *
   * <p>On Linux the holes of large sparse files are found, and a search leaves them out.
   *
   * <p>An image that was cut off opens as long as its headers are whole: what an ELF core lost is
   * absent then, the pages that a kdump dump lost are damaged. A kdump dump that says itself that
   * it is incomplete has the pages it did not get to as absent. Cut-off zstd does not open.
   *
   * <p>The file is mapped: it must not become shorter while it is open.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if the file is not what it claims to be, or not what {@code
   *     options} say
   * @throws IOException if it cannot be read
   */
  public static PhysicalMemory open(Path path, OpenOptions options) throws IOException {
    MappedFile file = MappedFile.open(path);
    try {
      if (isZstd(file)) {
        try (MappedFile packed = file) {
          file = Packing.ZSTD.unpack(path, packed.bytes(), 0, MAX_UNPACKED);
        }
        if (isZstd(file)) {
          throw new MalformedImageException(path + " is zstd-compressed more than once");
        }
      }
      RamLayout layout = options.layout();
      if (layout != null) {
        return raw(file, layout.runs(path, file.size()));
      }
      MemorySource.Kind kind = options.format();
      return switch (kind != null ? kind : kindOf(file.bytes())) {
        case RAW -> raw(file, flat(file, options.base()));
        case ELF -> ElfCore.open(file);
        case KDUMP -> KdumpMemory.open(file);
      };
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static boolean isZstd(MappedFile file) {
    return Packing.of(file.bytes()).filter(packing -> packing == Packing.ZSTD).isPresent();
  }

  private static MemorySource.Kind kindOf(MemorySegment bytes) {
    if (ElfCore.matches(bytes)) {
      return MemorySource.Kind.ELF;
    }
    return KdumpMemory.matches(bytes) ? MemorySource.Kind.KDUMP : MemorySource.Kind.RAW;
  }

  private static MappedRuns flat(MappedFile file, long base) throws MalformedImageException {
    if (base > Long.MAX_VALUE - file.size()) {
      throw new MalformedImageException(
          file.path()
              + " has "
              + file.size()
              + " bytes, which from 0x"
              + Long.toHexString(base)
              + " on run past the last address");
    }
    return MappedRuns.of(base, file.size(), 0);
  }

  private static PhysicalMemory raw(MappedFile file, MappedRuns runs) {
    MemorySource source =
        new MemorySource(
            file.path(),
            MemorySource.Kind.RAW,
            file.size(),
            MemorySource.Machine.UNKNOWN,
            OptionalInt.empty());
    return new MappedMemory(file, source, runs);
  }
}
