package org.kho4j.memory.zstd;

import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/** One of the three codes that sequences are written in: what a code stands for, and its tables. */
final class SequenceCode {

  private static final int PREDEFINED = 0;
  private static final int ONE_SYMBOL = 1;
  private static final int DESCRIBED = 2;

  /** By code: the smallest value, and how many bits are added to it. */
  final int[] base;

  final byte[] bits;

  private final String name;
  private final int maxLog;
  private final int maxSymbol;
  private final FseTable predefined;

  private SequenceCode(
      String name,
      int maxLog,
      int maxSymbol,
      int direct,
      int first,
      int[] widths,
      int predefinedLog,
      int... distribution) {
    this.name = name;
    this.maxLog = maxLog;
    this.maxSymbol = maxSymbol;
    this.base = new int[maxSymbol + 1];
    this.bits = new byte[maxSymbol + 1];
    int value = first;
    for (int code = 0; code <= maxSymbol; code++) {
      int width = code < direct || widths.length == 0 ? 0 : widths[code - direct];
      base[code] = value;
      bits[code] = (byte) width;
      value += 1 << width;
    }
    short[] counts = new short[distribution.length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = (short) distribution[i];
    }
    this.predefined = new FseTable(predefinedLog, maxSymbol).fill(predefinedLog, counts);
  }

  static SequenceCode literalLengths() {
    return new SequenceCode(
        "literal length",
        9,
        35,
        16,
        0,
        new int[] {1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        6,
        4,
        3,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        1,
        1,
        1,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        3,
        2,
        1,
        1,
        1,
        1,
        1,
        -1,
        -1,
        -1,
        -1);
  }

  static SequenceCode matchLengths() {
    return new SequenceCode(
        "match length",
        9,
        52,
        32,
        3,
        new int[] {1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        6,
        1,
        4,
        3,
        2,
        2,
        2,
        2,
        2,
        2,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1);
  }

  /** An offset's code is the number of its bits: 2^code and more. */
  static SequenceCode offsets() {
    return new SequenceCode(
        "offset",
        8,
        31,
        0,
        0,
        new int[0],
        5,
        1,
        1,
        1,
        1,
        1,
        1,
        2,
        2,
        2,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        -1,
        -1,
        -1,
        -1,
        -1);
  }

  Current current() {
    return new Current();
  }

  /** The table in use; a block may take over the one of the block before it. */
  final class Current {

    private final FseTable own = new FseTable(maxLog, maxSymbol);
    private @Nullable FseTable table;

    void clear() {
      table = null;
    }

    FseTable table() {
      FseTable current = table;
      if (current == null) {
        throw new IllegalStateException("no table was read");
      }
      return current;
    }

    /** Reads what a block says about its table, and returns where that ended. */
    int read(int mode, byte[] bytes, int at, int end) throws DataFormatException {
      switch (mode) {
        case PREDEFINED -> table = predefined;
        case ONE_SYMBOL -> {
          if (at >= end) {
            throw new DataFormatException("a block's " + name + " code is cut off");
          }
          own.fillWith(bytes[at++] & 0xff);
          table = own;
        }
        case DESCRIBED -> {
          at = own.read(bytes, at, end, maxLog);
          table = own;
        }
        default -> {
          if (table == null) {
            throw new DataFormatException(
                "a block wants an earlier " + name + " table, there is none");
          }
        }
      }
      return at;
    }
  }
}
