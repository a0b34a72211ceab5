package org.kho4j.memory.zstd;

import java.util.zip.DataFormatException;

/** A decoding table of finite state entropy (RFC 8878, section 4.1). */
final class FseTable {

  /** Bits of a state. */
  int log;

  /** By state: the symbol, the bits to read for the next state, and what to add to them. */
  final byte[] symbol;

  final byte[] bits;
  final short[] base;

  private final short[] counts;
  private final int[] next;

  FseTable(int maxLog, int maxSymbol) {
    symbol = new byte[1 << maxLog];
    bits = new byte[1 << maxLog];
    base = new short[1 << maxLog];
    counts = new short[maxSymbol + 1];
    next = new int[maxSymbol + 1];
  }

  /** A table that gives one symbol for ever. */
  void fillWith(int only) throws DataFormatException {
    if (only >= counts.length) {
      throw new DataFormatException("code " + only + ", " + (counts.length - 1) + " is the last");
    }
    log = 0;
    symbol[0] = (byte) only;
    bits[0] = 0;
    base[0] = 0;
  }

  /** A table for a distribution: how many states each symbol has, -1 for the rarest. */
  FseTable fill(int log, short[] distribution) {
    System.arraycopy(distribution, 0, counts, 0, distribution.length);
    try {
      build(log, distribution.length);
    } catch (DataFormatException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  /**
   * Reads a distribution and builds its table.
   *
   * @param bytes has {@link LittleEndian#SLACK} bytes beyond its content
   * @return where it ended
   */
  int read(byte[] bytes, int start, int end, int maxLog) throws DataFormatException {
    int limit = (end - start) * 8;
    int log = bitsAt(bytes, start, 0, 4) + 5;
    int at = 4;
    if (limit < at || log > maxLog) {
      throw new DataFormatException("an entropy table of 2^" + log + ", 2^" + maxLog + " at most");
    }
    int left = 1 << log;
    int symbols = 0;
    while (left > 0) {
      if (symbols == counts.length || at > limit) {
        throw new DataFormatException("an entropy table that does not end");
      }
      // A value is from 0 to left + 1; the small ones take a bit less.
      int width = 32 - Integer.numberOfLeadingZeros(left + 1);
      int value = bitsAt(bytes, start, at, width);
      int low = value & (1 << (width - 1)) - 1;
      int spare = (1 << width) - 1 - (left + 1);
      if (low < spare) {
        value = low;
        at += width - 1;
      } else {
        if (value >= 1 << (width - 1)) {
          value -= spare;
        }
        at += width;
      }
      int count = value - 1;
      left -= Math.abs(count);
      counts[symbols++] = (short) count;
      if (count == 0) {
        int repeat;
        do {
          repeat = bitsAt(bytes, start, at, 2);
          at += 2;
          if (repeat > counts.length - symbols || at > limit) {
            throw new DataFormatException("an entropy table of too many symbols");
          }
          for (int i = 0; i < repeat; i++) {
            counts[symbols++] = 0;
          }
        } while (repeat == 3);
      }
    }
    if (left < 0 || at > limit) {
      throw new DataFormatException("an entropy table that does not add up");
    }
    build(log, symbols);
    return start + ((at + 7) >> 3);
  }

  private static int bitsAt(byte[] bytes, int start, int bit, int count) {
    return (int) (LittleEndian.u64(bytes, start + (bit >>> 3)) >>> (bit & 7)) & (1 << count) - 1;
  }

  private void build(int log, int symbols) throws DataFormatException {
    this.log = log;
    int size = 1 << log;
    int high = size;
    for (int s = 0; s < symbols; s++) {
      next[s] = counts[s];
      if (counts[s] == -1) {
        symbol[--high] = (byte) s;
        next[s] = 1;
      }
    }
    int step = (size >> 1) + (size >> 3) + 3;
    int at = 0;
    for (int s = 0; s < symbols; s++) {
      for (int i = 0; i < counts[s]; i++) {
        symbol[at] = (byte) s;
        do {
          at = at + step & size - 1;
        } while (at >= high);
      }
    }
    if (at != 0) {
      throw new DataFormatException("an entropy table that does not add up");
    }
    for (int state = 0; state < size; state++) {
      int number = next[symbol[state]]++;
      int width = log - 31 + Integer.numberOfLeadingZeros(number);
      bits[state] = (byte) width;
      base[state] = (short) ((number << width) - size);
    }
  }
}
