package org.kho4j.files;

import java.io.IOException;

/**
 * Reads bytes at any offset of a file that is not on this machine, such as an object in an object
 * store. Each call may cost a round trip.
 */
public interface RangeReader extends AutoCloseable {

  /** Bytes in all, at least 1; the same for each call. */
  long size();

  /**
   * Reads so many bytes as the target has.
   *
   * @param offset of the first byte; the last one is inside of {@link #size}
   * @throws IOException if they cannot be read
   */
  void read(long offset, byte[] target) throws IOException;

  @Override
  void close() throws IOException;
}
