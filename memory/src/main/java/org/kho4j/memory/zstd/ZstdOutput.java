package org.kho4j.memory.zstd;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;

/** Where decompressed bytes go: a buffer that they are put together in, and what came before it. */
abstract class ZstdOutput {

  /** Most bytes that one block gives. */
  static final int MAX_BLOCK = 128 << 10;

  final byte[] buffer;

  /** The buffer once more. Copies between segments need no linking at run time, as others do. */
  final MemorySegment segment;

  /** Bytes in the buffer. */
  int used;

  /** Bytes that came before the buffer's first. */
  long before;

  ZstdOutput(byte[] buffer) {
    this.buffer = buffer;
    this.segment = MemorySegment.ofArray(buffer);
  }

  /** Bytes so far. */
  final long total() {
    return before + used;
  }

  /** Makes room in the buffer for this many bytes. */
  abstract void reserve(int length) throws IOException, DataFormatException;

  /** Appends zeros. */
  abstract void zeros(int length) throws IOException, DataFormatException;

  /** Copies bytes from before the buffer. */
  abstract void copyEarlier(long position, int length, int at)
      throws IOException, DataFormatException;
}
