package org.kho4j.files;

import java.lang.foreign.MemorySegment;

/** Looks for the end of zeros. */
public final class Zeros {

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[1 << 16]).asReadOnly();

  private Zeros() {}

  /** Returns the offset of the first byte that is not zero, or the size. */
  public static long end(MemorySegment bytes) {
    long size = bytes.byteSize();
    for (long at = 0; at < size; at += ZEROS.byteSize()) {
      long end = Math.min(size, at + ZEROS.byteSize());
      long found = MemorySegment.mismatch(bytes, at, end, ZEROS, 0, end - at);
      if (found >= 0) {
        return at + found;
      }
    }
    return size;
  }
}
