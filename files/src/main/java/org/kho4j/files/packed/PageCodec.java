package org.kho4j.files.packed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.DataFormatException;

/** Decompresses single pages in one format. Used by one thread at a time. */
@FunctionalInterface
public interface PageCodec extends AutoCloseable {

  /**
   * Decompresses what may be a page.
   *
   * @param in its first {@code length} bytes are compressed
   * @param page takes the result
   * @return bytes that came out, at most what fits into {@code page}
   * @throws DataFormatException if the input is of another format, damaged or cut off, or does not
   *     fit
   */
  int decompress(byte[] in, int length, byte[] page) throws DataFormatException;

  /**
   * Decompresses a page.
   *
   * @param in its first {@code length} bytes are the compressed page
   * @param page filled exactly
   * @throws DataFormatException if the bytes are not what the format has, or do not make one page
   */
  default void decode(byte[] in, int length, byte[] page) throws DataFormatException {
    int made = decompress(in, length, page);
    if (made != page.length) {
      throw new DataFormatException(
          "it decompresses to " + made + " bytes, a page has " + page.length);
    }
  }

  /**
   * Decompresses the beginning of a page. Where the format allows it, the rest is neither
   * decompressed nor checked.
   *
   * @param in its first {@code length} bytes are the compressed page
   * @param pageSize bytes of the whole page
   * @param beginning filled exactly; at most as long as the page
   * @throws DataFormatException as {@link #decode}
   */
  default void decodeBeginning(byte[] in, int length, int pageSize, byte[] beginning)
      throws DataFormatException {
    byte[] page = new byte[pageSize];
    decode(in, length, page);
    System.arraycopy(page, 0, beginning, 0, beginning.length);
  }

  /**
   * Checks that the beginning of a page is complete.
   *
   * @throws DataFormatException if fewer bytes were made
   */
  static void requireMade(int made, byte[] beginning) throws DataFormatException {
    if (made < beginning.length) {
      throw new DataFormatException("it decompresses to " + made + " bytes, fewer than a page");
    }
  }

  /**
   * Returns a codec for pages that are a zstd stream each.
   *
   * @throws UncheckedIOException if the library that reads zstd is missing or cannot be loaded
   */
  static PageCodec zstd() {
    try {
      return new ZstdPage();
    } catch (NoClassDefFoundError e) {
      throw new UncheckedIOException(new IOException(Packing.ZSTD.withoutLibrary(), e));
    }
  }

  /** Copies from earlier output; a match longer than its distance repeats what it makes. */
  static void copyMatch(byte[] bytes, int from, int to, int count) {
    int distance = to - from;
    if (count <= 16) {
      for (int i = 0; i < count; i++) {
        bytes[to + i] = bytes[from + i];
      }
      return;
    }
    // Each round copies all bytes so far, so that the piece doubles.
    for (int done = 0; done < count; ) {
      int piece = Math.min(distance + done, count - done);
      System.arraycopy(bytes, from, bytes, to + done, piece);
      done += piece;
    }
  }

  /** Frees memory outside of the heap. */
  @Override
  default void close() {}
}
