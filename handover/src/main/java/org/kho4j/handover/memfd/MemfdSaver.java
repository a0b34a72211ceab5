package org.kho4j.handover.memfd;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.util.List;
import org.kho4j.abi.Field;
import org.kho4j.abi.LuoFeatures;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.luo.FeatureHeader;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;

/** Hands memfds over, as the kernel's file handler does. */
public final class MemfdSaver {

  /**
   * A folio of a file.
   *
   * @param folio which the generation owns
   * @param index its offset in the file, in base pages
   * @param flags {@link MemfdFolio#FLAG_DIRTY} and {@link MemfdFolio#FLAG_UPTODATE}
   */
  public record Piece(Folio folio, long index, int flags) {

    /** Dirty and uptodate, as kernels since 7.0 hand every folio over. */
    public static final int DIRTY_AND_UPTODATE =
        (int) (MemfdFolio.FLAG_DIRTY | MemfdFolio.FLAG_UPTODATE);

    /** A folio as kernels since 7.0 hand it over. */
    public Piece(Folio folio, long index) {
      this(folio, index, DIRTY_AND_UPTODATE);
    }
  }

  /**
   * A file to hand over.
   *
   * @param size in bytes
   * @param position in bytes
   * @param seals the F_SEAL_* bits
   * @param pieces by ascending index; between them are holes, which read as zeros
   */
  public record SavedMemfd(long size, long position, int seals, List<Piece> pieces) {

    public SavedMemfd {
      pieces = List.copyOf(pieces);
    }
  }

  /** Supplies a file's bytes. */
  @FunctionalInterface
  public interface Source {
    /** Reads the bytes from an offset on into all of the target. */
    void read(long offset, MemorySegment target) throws IOException;

    /** Returns a source of bytes in memory. */
    static Source of(MemorySegment bytes) {
      return (offset, target) -> target.copyFrom(bytes.asSlice(offset, target.byteSize()));
    }

    /** Returns a source of a file's bytes; the file's position does not change. */
    static Source of(FileChannel channel) {
      return (offset, target) -> {
        for (long at = 0; at < target.byteSize(); ) {
          long length = Math.min(target.byteSize() - at, MAX_READ);
          int read = channel.read(target.asSlice(at, length).asByteBuffer(), offset + at);
          if (read < 0) {
            throw new EOFException("the file ends at %d".formatted(offset + at));
          }
          at += read;
        }
      };
    }
  }

  private static final int MAX_READ = 1 << 30;

  private MemfdSaver() {}

  /**
   * Returns the path of a file, for {@link org.kho4j.handover.generation.Placement}. Its array of
   * folios is {@code folios} below, its folios are {@code folio 0} and so on.
   */
  public static String path(String session, long token) {
    return SavedSession.path(session) + "/file 0x" + Long.toHexString(token);
  }

  /**
   * Fills folios with a file's bytes. What is behind the file's end becomes zero.
   *
   * @param size of the file
   */
  public static void fill(Generation generation, long size, List<Piece> pieces, Source content)
      throws IOException {
    for (Piece piece : pieces) {
      MemorySegment segment = generation.segment(piece.folio);
      long offset = piece.index << generation.pageSize().shift();
      long used = Math.max(0, Math.min(segment.byteSize(), size - offset));
      if (used > 0) {
        content.read(offset, segment.asSlice(0, used));
      }
      segment.asSlice(used).fill((byte) 0);
    }
  }

  /**
   * Hands a file over.
   *
   * @param version to write
   * @param session that the file is of, for the {@link org.kho4j.handover.generation.Placement} of
   *     what is written
   * @param token of the file
   * @return the file's entry for its session
   * @throws PreservationException if the folios are not what a file can have, or the version keeps
   *     no seals
   */
  public static SavedFile save(
      Generation generation, MemfdVersion version, String session, long token, SavedMemfd file) {
    String path = path(session, token);
    check(generation.pageSize(), version, path, file);
    return generation.atomically(() -> {
      for (Piece piece : file.pieces) {
        generation.preserve(piece.folio);
      }
      Folio page = generation.allocateZeroed(path, 0);
      generation.preserve(page);
      StructureView whole = generation.view(page, version.structure());
      Field body = version.body();
      if (body != null) {
        FeatureHeader.write(whole.embedded(MemfdSer.FEATURES), LuoFeatures.MEMFD);
      }
      StructureView ser = body == null ? whole : whole.embedded(body);
      ser.set(MemfdSer.POS, file.position);
      ser.set(MemfdSer.SIZE, file.size);
      if (version.fields().has(MemfdSer.SEALS)) {
        ser.set(MemfdSer.SEALS, file.seals);
      }
      ser.set(version.nrFolios(), file.pieces.size());
      if (!file.pieces.isEmpty()) {
        writeFolios(generation, path + "/folios", file.pieces)
            .writeTo(ser.embedded(version.folios()));
      }
      return new SavedFile(version.compatible(), page.address(), token);
    });
  }

  private static Descriptor writeFolios(Generation generation, String path, List<Piece> pieces) {
    int size = MemfdFolio.STRUCTURE.headerSize();
    OwnedArea array = generation.vmallocZeroed(path, (long) pieces.size() * size, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment entries = arena.allocate(array.bytes());
      int shift = generation.pageSize().shift();
      StructureView entry = new StructureView(MemfdFolio.STRUCTURE, KhoException.NOWHERE, entries);
      for (Piece piece : pieces) {
        long pfn = piece.folio.address() >>> shift;
        entry.set(MemfdFolio.PFN_AND_FLAGS, pfn | (long) piece.flags << MemfdFolio.PFN_BITS);
        entry.set(MemfdFolio.INDEX, piece.index);
        entry.next();
      }
      array.map(arena).copyFrom(0, entries);
    }
    return generation.preserve(path, array);
  }

  private static void check(PageSize pageSize, MemfdVersion version, String path, SavedMemfd file) {
    if (file.size < 0 || file.position < 0) {
      throw wrong(path, "size %d, position %d".formatted(file.size, file.position));
    }
    if ((file.size == 0) != file.pieces.isEmpty()) {
      throw wrong(
          path,
          "%d bytes in %d folios: a kernel expects folios if and only if the size is not 0"
              .formatted(file.size, file.pieces.size()));
    }
    if ((file.seals & ~MemfdSer.SEALS_MASK) != 0) {
      throw wrong(path, "seals 0x%x are beyond 0x%x".formatted(file.seals, MemfdSer.SEALS_MASK));
    }
    if (file.seals != 0 && !version.fields().has(MemfdSer.SEALS)) {
      throw wrong(path, "%s keeps no seals".formatted(version));
    }
    long pages = Math.ceilDiv(file.size, pageSize.bytes());
    long next = 0;
    for (Piece piece : file.pieces) {
      long folioPages = 1L << piece.folio.order();
      if (piece.index < next
          || piece.index >= pages
          || (piece.index & (folioPages - 1)) != 0
          || (piece.flags & ~Piece.DIRTY_AND_UPTODATE) != 0) {
        throw wrong(
            path,
            "a folio of order %d at index %d with flags %d: indexes ascend from %d, are multiples of 2^order and end at %d; flags are 0 to 3"
                .formatted(piece.folio.order(), piece.index, piece.flags, next, pages));
      }
      next = piece.index + folioPages;
    }
  }

  private static PreservationException wrong(String path, String message) {
    return new PreservationException(path, message);
  }
}
