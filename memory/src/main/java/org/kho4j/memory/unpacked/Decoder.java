package org.kho4j.memory.unpacked;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;

/** Decompresses one format. Used once, by one thread. */
public interface Decoder {

  /** The format's name, {@code "zstd"}. */
  String format();

  /**
   * Decompresses all of the input.
   *
   * @throws DataFormatException if it is not of that format, damaged, or cut off, or more comes out
   *     than the output takes
   */
  void decode(MemorySegment packed, UnpackedOutput out) throws IOException, DataFormatException;

  /** Where in the input decoding is, or where it failed. */
  long position();
}
