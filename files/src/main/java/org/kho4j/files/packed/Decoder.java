package org.kho4j.files.packed;

import java.io.IOException;
import java.util.zip.DataFormatException;

/** Decompresses one format. Used once, by one thread. */
@FunctionalInterface
interface Decoder {

  /**
   * Decompresses all of the input.
   *
   * @throws DataFormatException if the input is of another format, damaged, or cut off, or more
   *     comes out than the output takes
   * @throws IOException if the output cannot be written, or the decoder cannot be loaded
   */
  void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException;
}
