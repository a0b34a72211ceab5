package org.kho4j.memory.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.files.RangeReader;
import org.kho4j.files.packed.Packing;
import org.kho4j.files.packed.Spool;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.elf.ElfCore;
import org.kho4j.memory.kdump.DumpBytes;
import org.kho4j.memory.kdump.FlattenedFile;
import org.kho4j.memory.kdump.KdumpMemory;
import org.kho4j.memory.lime.LimeFile;
import org.kho4j.memory.mapped.MappedMemory;
import org.kho4j.memory.mapped.MappedRuns;

/** Opens memory images. */
public final class MemoryImages {

  private MemoryImages() {}

  /** Opens an image with {@link OpenOptions#DEFAULT}. */
  public static PhysicalMemory open(Path path) throws IOException {
    return open(path, OpenOptions.DEFAULT);
  }

  /**
   * Opens an image: a raw RAM file, an ELF core, a kdump-compressed dump, a LiME file; ELF cores
   * and kdump dumps also in makedumpfile's flattened form; and each of these packed as a whole by
   * gzip, xz, zstd or lz4, or by AVML.
   *
   * <p>Three kinds of input are copied into an unnamed file in {@code java.io.tmpdir} whose zero
   * pages are holes, as long as 64 MiB stay free there: a pipe or standard input ({@link
   * Spool#STANDARD_INPUT}); the content of an image that is packed as a whole, whatever form {@code
   * options} name; and a flattened ELF core.
   *
   * <p>On Linux, a search skips the holes of large sparse files.
   *
   * <p>A truncated image opens as long as its headers are complete: the lost memory is absent, and
   * so are the pages that the writer of a kdump dump did not reach; the source has a note. A
   * truncated image that is packed as a whole does not open.
   *
   * <p>The file is mapped: it must not become shorter while it is open.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if the file does not match its own headers or {@code options},
   *     or is of a known form that is not supported
   * @throws IOException if it cannot be read
   */
  public static PhysicalMemory open(Path path, OpenOptions options) throws IOException {
    MappedFile file = options.spool().open(path);
    try {
      Optional<Packing> packing = packing(file.bytes());
      if (packing.isPresent()) {
        try (MappedFile packed = file) {
          file = packing.get().unpack(path, packed.bytes(), 0, options.spool());
        }
        Optional<Packing> inner = packing(file.bytes());
        if (inner.isPresent()) {
          throw new MalformedImageException(
              "%s is compressed more than once: by %s, and inside by %s"
                  .formatted(path, packing.get().format(), inner.get().format()));
        }
      }
      if (options.layout() != null || options.skip() != 0) {
        return raw(file, options);
      }
      MemorySource.Kind kind = options.format();
      if (kind != MemorySource.Kind.RAW
          && kind != MemorySource.Kind.LIME
          && FlattenedFile.matches(file.bytes())) {
        DumpBytes dump = FlattenedFile.open(file);
        MemorySource.Kind inside =
            ElfCore.matches(dump.start()) ? MemorySource.Kind.ELF : MemorySource.Kind.KDUMP;
        if (kind != null && kind != inside) {
          throw new MalformedImageException(
              "%s is the flattened form of %s, not of %s"
                  .formatted(path, inside.label(), kind.label()));
        }
        requireNoBase(path, options, inside);
        if (inside == MemorySource.Kind.KDUMP) {
          return KdumpMemory.open(file, dump);
        }
        try (MappedFile flattened = file) {
          file = FlattenedFile.rearrange(flattened, dump, options.spool());
        }
      }
      MemorySource.Kind found = kind != null ? kind : kindOf(path, file.bytes());
      requireNoBase(path, options, found);
      return switch (found) {
        case RAW -> raw(file, options);
        case ELF -> ElfCore.open(file);
        case KDUMP -> KdumpMemory.open(file);
        case LIME -> LimeFile.open(file);
      };
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Opens a remote image by ranges: reads on request, in blocks of 1 MiB of which 32 stay in
   * memory; nothing is copied to this machine. A search for handovers reads the whole image. Takes
   * the reader over.
   *
   * @param path the name to use in messages
   * @throws MalformedImageException if the image does not match its own headers; or is packed or
   *     flattened, and can only be read from start to end
   * @throws IOException if it cannot be read
   */
  public static RangedImage open(Path path, RangeReader reader) throws IOException {
    MappedFile file = MappedFile.ranged(path, reader);
    try {
      if (isSequential(file.bytes())) {
        throw new MalformedImageException(
            path + " is packed or flattened: it is read from its start to its end, not by ranges");
      }
      return new RangedImage(
          switch (kindOf(path, file.bytes())) {
            case RAW -> raw(file, OpenOptions.DEFAULT);
            case ELF -> ElfCore.open(file);
            case KDUMP -> KdumpMemory.open(file);
            case LIME -> LimeFile.open(file);
          },
          file::readBytes);
    } catch (UncheckedIOException e) {
      file.close();
      throw e.getCause();
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Returns whether an image with these first bytes is packed or flattened and cannot be read by
   * ranges.
   */
  public static boolean isSequential(MemorySegment start) {
    return packing(start).isPresent() || FlattenedFile.matches(start);
  }

  /**
   * An image that is read by ranges.
   *
   * @param readBytes number of bytes read so far
   */
  public record RangedImage(PhysicalMemory memory, LongSupplier readBytes) {}

  /**
   * Returns the packing of an image. lzma has no magic number, so raw memory might look like it.
   */
  private static Optional<Packing> packing(MemorySegment start) {
    return Packing.of(start).filter(packing -> packing != Packing.LZMA);
  }

  private static void requireNoBase(Path path, OpenOptions options, MemorySource.Kind kind)
      throws MalformedImageException {
    if (options.base() != 0 && kind != MemorySource.Kind.RAW) {
      throw new MalformedImageException(
          "%s is of the form %s, which records addresses: a base (0x%x) is for raw memory"
              .formatted(path, kind.label(), options.base()));
    }
  }

  private static MemorySource.Kind kindOf(Path path, MemorySegment bytes)
      throws MalformedImageException {
    Optional<ForeignForm> foreign = ForeignForm.of(bytes);
    if (foreign.isPresent()) {
      throw new MalformedImageException(path + " " + foreign.get().sentence());
    }
    if (ElfCore.matches(bytes)) {
      return MemorySource.Kind.ELF;
    }
    if (LimeFile.matches(bytes)) {
      return MemorySource.Kind.LIME;
    }
    return KdumpMemory.matches(bytes) ? MemorySource.Kind.KDUMP : MemorySource.Kind.RAW;
  }

  private static PhysicalMemory raw(MappedFile file, OpenOptions options)
      throws MalformedImageException {
    long size = file.size() - options.skip();
    if (size <= 0) {
      throw new MalformedImageException(
          "%s has %d bytes, and no memory after a header of %d bytes"
              .formatted(file.path(), file.size(), options.skip()));
    }
    RamLayout layout = options.layout();
    MappedRuns runs =
        layout == null ? flat(file, options.base(), size) : layout.runs(file.path(), size);
    MemorySource source =
        new MemorySource(
            file.path(),
            MemorySource.Kind.RAW,
            file.size(),
            MemorySource.Machine.UNKNOWN,
            OptionalInt.empty());
    return new MappedMemory(file, source, runs.behind(options.skip()));
  }

  private static MappedRuns flat(MappedFile file, long base, long size)
      throws MalformedImageException {
    if (base > Long.MAX_VALUE - size) {
      throw new MalformedImageException(
          file.path()
              + " has "
              + size
              + " bytes, which from 0x"
              + Long.toHexString(base)
              + " on run past the last address");
    }
    return MappedRuns.of(base, size, 0);
  }
}
