package org.kho4j.memory.zstd;

import java.util.zip.DataFormatException;

/**
 * A zstd bit stream, which is read from its last byte towards its first. The highest set bit of the
 * last byte marks the end.
 */
final class ReverseBits {

  private byte[] bytes = new byte[0];
  private int start;

  /** Bits not read yet; below zero when more were read than there are. */
  private int left;

  /**
   * Starts on {@code bytes[start, end)}; the array has at least {@link LittleEndian#SLACK} bytes
   * more.
   */
  void open(byte[] bytes, int start, int end) throws DataFormatException {
    if (start >= end) {
      throw new DataFormatException("an empty bit stream");
    }
    int last = bytes[end - 1] & 0xff;
    if (last == 0) {
      throw new DataFormatException("a bit stream without its end mark");
    }
    this.bytes = bytes;
    this.start = start;
    this.left = (end - start) * 8 - Integer.numberOfLeadingZeros(last) + 23;
  }

  int left() {
    return left;
  }

  /** The next {@code count} bits, at most 32; zeros where the stream has ended. */
  int read(int count) {
    left -= count;
    return peekFrom(left, count);
  }

  /** The next bits without taking them. */
  int peek(int count) {
    return peekFrom(left - count, count);
  }

  void skip(int count) {
    left -= count;
  }

  private int peekFrom(int bit, int count) {
    if (bit >= 0) {
      return (int) (LittleEndian.u64(bytes, start + (bit >>> 3)) >>> (bit & 7) & (1L << count) - 1);
    }
    int have = count + bit;
    if (have <= 0) {
      return 0;
    }
    return (int) ((LittleEndian.u64(bytes, start) & (1L << have) - 1) << -bit);
  }
}
