package org.kho4j.memory.kdump;

import java.util.zip.DataFormatException;

/** Decompresses pages in one of the dump's formats. Used by one thread at a time. */
interface PageCodec extends AutoCloseable {

  /**
   * Decompresses.
   *
   * @param in its first {@code length} bytes are the compressed page
   * @param page filled exactly
   * @throws DataFormatException if the bytes are not what the format has, or do not make one page
   */
  void decode(byte[] in, int length, byte[] page) throws DataFormatException;

  /** Frees memory outside of the heap. */
  @Override
  default void close() {}

  /** A failure of a page that came out too short or too long. */
  static DataFormatException wrongLength(long length, byte[] page) {
    return new DataFormatException(
        "it decompresses to " + length + " bytes, a page has " + page.length);
  }
}
