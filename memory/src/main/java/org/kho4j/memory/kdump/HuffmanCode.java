package org.kho4j.memory.kdump;

import java.util.Arrays;
import java.util.zip.DataFormatException;

/**
 * A decoding table for one of deflate's Huffman codes. The next bits of the input are the index;
 * codes longer than that go on in a second table, which the first one links to.
 *
 * <p>An entry is an int: from bit 0 on the bits to take, from bit 8 on the extra bits after them
 * (for a link: the bits that the second table is indexed by), from bit 12 on the value (for a link:
 * where the second table starts), above that what it is.
 */
final class HuffmanCode {

  /** No code has these bits. */
  static final int INVALID = 0;

  private static final int LITERAL = 1 << 31;
  private static final int END = 1 << 30;
  private static final int LINK = 1 << 29;
  private static final int VALUE_SHIFT = 12;
  private static final int VALUE_MASK = 0xffff;
  private static final int MAX_LENGTH = 15;
  private static final int END_OF_BLOCK = 256;
  private static final int MAX_SYMBOLS = 288;

  /** What each symbol is, but for the bits of its code. */
  private static final int[] LITERALS = new int[MAX_SYMBOLS];

  private static final int[] DISTANCES = new int[32];
  private static final int[] PLAIN = new int[19];

  static {
    for (int i = 0; i < END_OF_BLOCK; i++) {
      LITERALS[i] = LITERAL | i << VALUE_SHIFT;
    }
    LITERALS[END_OF_BLOCK] = END;
    // Eight lengths without extra bits, then four for each number of them; 258 has its own.
    int length = 3;
    for (int i = 0; i < 28; i++) {
      int extra = i < 8 ? 0 : i / 4 - 1;
      LITERALS[257 + i] = length << VALUE_SHIFT | extra << 8;
      length += 1 << extra;
    }
    LITERALS[285] = 258 << VALUE_SHIFT;
    int distance = 1;
    for (int i = 0; i < 30; i++) {
      int extra = i < 4 ? 0 : i / 2 - 1;
      DISTANCES[i] = distance << VALUE_SHIFT | extra << 8;
      distance += 1 << extra;
    }
    for (int i = 0; i < PLAIN.length; i++) {
      PLAIN[i] = i << VALUE_SHIFT;
    }
  }

  final int[] table;
  private final int tableBits;
  private final int[] meanings;
  private final int[] counts = new int[MAX_LENGTH + 1];
  private final int[] places = new int[MAX_LENGTH + 2];
  private final short[] sorted = new short[MAX_SYMBOLS];

  private HuffmanCode(int[] meanings, int tableBits, int room) {
    this.meanings = meanings;
    this.tableBits = tableBits;
    this.table = new int[room];
  }

  /** For literals and lengths: a complete code of 288 takes 1,334 entries behind 10 bits. */
  static HuffmanCode literals(int tableBits) {
    return new HuffmanCode(LITERALS, tableBits, 1334);
  }

  /** For distances: a complete code of 32 takes 402 entries behind 8 bits. */
  static HuffmanCode distances(int tableBits) {
    return new HuffmanCode(DISTANCES, tableBits, 402);
  }

  /** For the lengths of the other two, which have at most 7 bits. */
  static HuffmanCode plain(int tableBits) {
    return new HuffmanCode(PLAIN, tableBits, 1 << tableBits);
  }

  static int bits(int entry) {
    return entry & 0xff;
  }

  static int extra(int entry) {
    return (entry >>> 8) & 0xf;
  }

  static int value(int entry) {
    return (entry >>> VALUE_SHIFT) & VALUE_MASK;
  }

  static boolean isLiteral(int entry) {
    return entry < 0;
  }

  static boolean isEnd(int entry) {
    return (entry & END) != 0;
  }

  static boolean isLink(int entry) {
    return (entry & LINK) != 0;
  }

  /** Where in the second table these bits are. */
  static int linked(int entry, int next) {
    return value(entry) + (next & ((1 << extra(entry)) - 1));
  }

  /**
   * Builds the table for a code, given by the length of each symbol's code, 0 for none.
   *
   * @throws DataFormatException if there are too many codes of these lengths, or too few: only one
   *     code of one bit, or none at all, may be too few
   */
  void build(byte[] lengths, int from, int symbols) throws DataFormatException {
    sort(lengths, from, symbols);
    int used = symbols - counts[0];
    int space = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      space = (space << 1) + counts[length];
    }
    if (space > 1 << MAX_LENGTH) {
      throw new DataFormatException("a deflate code with too many codes");
    }
    if (space < 1 << MAX_LENGTH) {
      if (used > 1 || (used == 1 && counts[1] != 1)) {
        throw new DataFormatException("a deflate code with too few codes");
      }
      Arrays.fill(table, 0, 1 << tableBits, INVALID);
      if (used == 1) {
        for (int i = 0; i < 1 << tableBits; i += 2) {
          table[i] = meanings[sorted[0]] | 1;
        }
      }
      return;
    }
    fill();
  }

  /** Sorts the symbols by the length of their codes. */
  private void sort(byte[] lengths, int from, int symbols) {
    Arrays.fill(counts, 0);
    for (int i = 0; i < symbols; i++) {
      counts[lengths[from + i]]++;
    }
    places[1] = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      places[length + 1] = places[length] + counts[length];
    }
    for (int i = 0; i < symbols; i++) {
      int length = lengths[from + i];
      if (length != 0) {
        sorted[places[length]++] = (short) i;
      }
    }
  }

  /**
   * Codes come in ascending order, written with their first bit lowest, as the input has them. The
   * table starts with as many entries as the shortest code needs, and doubles with each bit.
   */
  private void fill() {
    int symbol = 0;
    int code = 0;
    int length = 1;
    int size = 2;
    for (; length <= tableBits; length++) {
      if (length > 1) {
        System.arraycopy(table, 0, table, size, size);
        size <<= 1;
      }
      for (int i = counts[length]; i > 0; i--) {
        table[code] = meanings[sorted[symbol++]] | length;
        if (code == size - 1) {
          for (; length < tableBits; length++) {
            System.arraycopy(table, 0, table, size, size);
            size <<= 1;
          }
          return;
        }
        code = next(code, size - 1);
      }
    }
    fillSecond(symbol, code);
  }

  private void fillSecond(int firstSymbol, int firstCode) {
    int symbol = firstSymbol;
    int code = firstCode;
    int length = tableBits + 1;
    int mask = (1 << tableBits) - 1;
    int prefix = -1;
    int start = 0;
    int end = 1 << tableBits;
    int left = counts[length];
    while (true) {
      while (left == 0) {
        left = counts[++length];
      }
      if ((code & mask) != prefix) {
        prefix = code & mask;
        start = end;
        int width = length - tableBits;
        int space = left;
        while (space < 1 << width) {
          width++;
          space = (space << 1) + counts[tableBits + width];
        }
        end = start + (1 << width);
        table[prefix] = LINK | start << VALUE_SHIFT | width << 8;
      }
      int entry = meanings[sorted[symbol++]] | (length - tableBits);
      int stride = 1 << (length - tableBits);
      for (int i = start + (code >> tableBits); i < end; i += stride) {
        table[i] = entry;
      }
      if (code == (1 << length) - 1) {
        return;
      }
      code = next(code, (1 << length) - 1);
      left--;
    }
  }

  /** Adds one to a number whose highest bit is its lowest one. */
  private static int next(int code, int ones) {
    int bit = Integer.highestOneBit(code ^ ones);
    return (code & (bit - 1)) | bit;
  }
}
