package org.kho4j.cli.demo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Content whose every word differs, and follows from its place: what is lost, moved or mixed up
 * shows.
 */
final class DemoPattern {

  private static final long STEP = 0x9E3779B97F4A7C15L;

  private DemoPattern() {}

  /**
   * Fills a piece of an area.
   *
   * @param offset of the piece in the area, a multiple of 8 as its size is
   */
  static void fill(MemorySegment piece, long offset) {
    for (long at = 0; at < piece.byteSize(); at += Long.BYTES) {
      piece.set(ValueLayout.JAVA_LONG_UNALIGNED, at, word(offset + at));
    }
  }

  /**
   * Checks a piece of an area.
   *
   * @return the offset in the area of the first byte that is not the pattern's, or -1
   */
  static long firstDifference(MemorySegment piece, long offset) {
    for (long at = 0; at < piece.byteSize(); at += Long.BYTES) {
      long difference = piece.get(ValueLayout.JAVA_LONG_UNALIGNED, at) ^ word(offset + at);
      if (difference != 0) {
        return offset + at + firstByte(difference);
      }
    }
    return -1;
  }

  private static int firstByte(long difference) {
    boolean littleEndian = java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.LITTLE_ENDIAN;
    return (littleEndian
            ? Long.numberOfTrailingZeros(difference)
            : Long.numberOfLeadingZeros(difference))
        >>> 3;
  }

  private static long word(long offset) {
    long mixed = offset * STEP;
    return mixed ^ mixed >>> 32;
  }
}
