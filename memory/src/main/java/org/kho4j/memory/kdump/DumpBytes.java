package org.kho4j.memory.kdump;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.kho4j.files.FileHoles;
import org.kho4j.files.MappedFile;

/**
 * The bytes of a dump by their offset in the dump: at the same offset of the mapped file in a plain
 * dump, in pieces in a flattened dump.
 *
 * <p>The index of pieces is off-heap, since the file decides how many there are.
 */
public final class DumpBytes {

  /** A piece in the index: offset in the dump, length, offset in the file. */
  static final long PIECE = 3 * Long.BYTES;

  private static final int MAGIC = 8;

  private final Slices file;
  private final MemorySegment pieces;
  private final long count;
  private final long size;
  private final boolean truncated;

  /**
   * Creates a view with an index of pieces.
   *
   * @param pieces sorted by offset in the dump, disjoint, all inside of the file
   * @param truncated whether the file lacks pieces
   */
  DumpBytes(Slices file, MemorySegment pieces, boolean truncated) {
    this.file = file;
    this.pieces = pieces;
    this.count = pieces.byteSize() / PIECE;
    this.size = count == 0 ? 0 : end(count - 1);
    this.truncated = truncated;
  }

  /** The bytes of the file. */
  @FunctionalInterface
  interface Slices {
    MemorySegment slice(long offset, long length);

    /** Visits the parts that may have anything but zeros, ascending. */
    default void forEachData(long offset, long length, FileHoles.DataVisitor visitor) {
      visitor.data(offset, length);
    }
  }

  /** Returns whether a file starts with an ASCII text. */
  static boolean startsWith(MemorySegment file, String text) {
    MemorySegment signature = MemorySegment.ofArray(text.getBytes(StandardCharsets.US_ASCII));
    return file.byteSize() >= text.length()
        && file.asSlice(0, text.length()).mismatch(signature) == -1;
  }

  /** Returns the bytes of a plain dump, which are the file's. */
  static DumpBytes plain(MemorySegment file) {
    return plain(file::asSlice, file.byteSize());
  }

  /** Returns the bytes of a plain dump, without its holes where they are known. */
  static DumpBytes plain(MappedFile file) {
    return plain(
        new Slices() {
          @Override
          public MemorySegment slice(long offset, long length) {
            return file.slice(offset, length);
          }

          @Override
          public void forEachData(long offset, long length, FileHoles.DataVisitor visitor) {
            file.forEachData(offset, length, visitor);
          }
        },
        file.size());
  }

  private static DumpBytes plain(Slices file, long size) {
    return new DumpBytes(file, MemorySegment.ofArray(new long[] {0, size, 0}), false);
  }

  /** Returns the first bytes, enough for the magic number of any form of memory image. */
  public MemorySegment start() {
    return get(0, Math.min(size, MAGIC));
  }

  /** Returns all bytes in order, with zeros where no piece has any. */
  InputStream stream() {
    return new InputStream() {
      private long at;

      @Override
      public int read() {
        throw new UnsupportedOperationException("bytes are read by the piece");
      }

      @Override
      public int read(byte[] target, int offset, int length) {
        if (at == size) {
          return -1;
        }
        int made = (int) Math.min(length, size - at);
        MemorySegment.copy(get(at, made), JAVA_BYTE, 0, target, offset, made);
        at += made;
        return made;
      }
    };
  }

  /** Returns the size of the dump in bytes. */
  long size() {
    return size;
  }

  /** Returns whether the file lacks pieces, as a flattened one without its end does. */
  boolean isTruncated() {
    return truncated;
  }

  /**
   * Returns whether bytes were lost with the end of the file. Bytes that no dump can have, such as
   * those at a negative offset, were not.
   */
  boolean lacks(long offset, long length) {
    long end = offset + length;
    return offset >= 0 && end >= 0 && (end > size || (truncated && !has(offset, length)));
  }

  /**
   * Visits the parts of a range that may have anything but zeros, ascending.
   *
   * @param length at least 1
   */
  void forEachData(long offset, long length, FileHoles.DataVisitor visitor) {
    long end = offset + length;
    for (long i = Math.max(find(offset), 0); i < count && start(i) < end; i++) {
      long from = Math.max(offset, start(i));
      long until = Math.min(end, end(i));
      if (from < until) {
        long shift = start(i) - source(i);
        file.forEachData(
            from - shift, until - from, (data, bytes) -> visitor.data(data + shift, bytes));
      }
    }
  }

  /** Returns whether the file has all of these bytes. */
  boolean has(long offset, long length) {
    if (offset < 0 || length < 0 || offset > size - length) {
      return false;
    }
    long piece = find(offset);
    long at = offset;
    while (piece >= 0 && piece < count && start(piece) <= at) {
      at = end(piece++);
      if (at - offset >= length) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns bytes inside of {@link #size()}. Not a copy where they lie in one piece; bytes that no
   * piece has read as zeros, as in the sparse file that the flattened form transports.
   */
  MemorySegment get(long offset, long length) {
    long piece = find(offset);
    if (piece >= 0 && end(piece) - offset >= length) {
      return file.slice(source(piece) + (offset - start(piece)), length);
    }
    MemorySegment copy = MemorySegment.ofArray(new byte[(int) length]);
    long end = offset + length;
    for (long i = Math.max(piece, 0); i < count && start(i) < end; i++) {
      long from = Math.max(offset, start(i));
      long until = Math.min(end, end(i));
      if (from < until) {
        copy.asSlice(from - offset, until - from)
            .copyFrom(file.slice(source(i) + (from - start(i)), until - from));
      }
    }
    return copy;
  }

  int u32(long offset) {
    return get(offset, 4).get(U32, 0);
  }

  long u64(long offset) {
    return get(offset, 8).get(U64, 0);
  }

  /** Returns the last piece that starts at or before an offset, or -1. */
  private long find(long offset) {
    long low = 0;
    long high = count;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (start(middle) <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  private long start(long piece) {
    return pieces.get(JAVA_LONG, piece * PIECE);
  }

  private long end(long piece) {
    return start(piece) + pieces.get(JAVA_LONG, piece * PIECE + 8);
  }

  private long source(long piece) {
    return pieces.get(JAVA_LONG, piece * PIECE + 16);
  }
}
