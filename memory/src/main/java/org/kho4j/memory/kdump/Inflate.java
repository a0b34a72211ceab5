package org.kho4j.memory.kdump;

import java.util.Arrays;
import java.util.zip.DataFormatException;

/**
 * Decompresses deflate (RFC 1951) from one array into another. Used by one thread at a time.
 *
 * <p>Ours, because a page is small. Of a kernel's pages the JDK's Inflater takes 1.3 times as long
 * as zlib in C does and the libdeflate that aircompressor brings twice as long; this takes less.
 */
final class Inflate {

  private static final int LITERAL_BITS = 10;
  private static final int DISTANCE_BITS = 8;
  private static final int LENGTHS_BITS = 7;

  /** Longest match, and the bits that one takes at most with its distance. */
  private static final int MATCH_BITS = 48;

  private static final int[] LENGTHS_ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private static final HuffmanCode FIXED_LITERALS;
  private static final HuffmanCode FIXED_DISTANCES;

  static {
    byte[] lengths = new byte[288];
    Arrays.fill(lengths, 0, 144, (byte) 8);
    Arrays.fill(lengths, 144, 256, (byte) 9);
    Arrays.fill(lengths, 256, 280, (byte) 7);
    Arrays.fill(lengths, 280, 288, (byte) 8);
    FIXED_LITERALS = HuffmanCode.literals(LITERAL_BITS);
    FIXED_DISTANCES = HuffmanCode.distances(DISTANCE_BITS);
    try {
      FIXED_LITERALS.build(lengths, 0, 288);
      Arrays.fill(lengths, 0, 32, (byte) 5);
      FIXED_DISTANCES.build(lengths, 0, 32);
    } catch (DataFormatException e) {
      throw new AssertionError(e);
    }
  }

  private final HuffmanCode literals = HuffmanCode.literals(LITERAL_BITS);
  private final HuffmanCode distances = HuffmanCode.distances(DISTANCE_BITS);
  private final HuffmanCode lengthsCode = HuffmanCode.plain(LENGTHS_BITS);
  private final byte[] lengths = new byte[288 + 32 + 138];

  private byte[] in = new byte[0];
  private int end;
  private int at;

  /** Bits taken from the input and not used yet, the next one lowest; {@code count} of them. */
  private long bits;

  private int count;

  private byte[] out = new byte[0];
  private int to;

  /**
   * Decompresses one stream.
   *
   * @param in has {@link PageCodec#SLACK} bytes after {@code end}
   * @return bytes that came out
   * @throws DataFormatException if it is not deflate, is cut off, or has more than {@code out}
   *     takes
   */
  int decode(byte[] in, int start, int end, byte[] out) throws DataFormatException {
    this.in = in;
    this.end = end;
    this.out = out;
    at = start;
    bits = 0;
    count = 0;
    to = 0;
    boolean last;
    do {
      refill();
      int header = take(3);
      last = (header & 1) != 0;
      switch (header >> 1) {
        case 0 -> stored();
        case 1 -> compressed(FIXED_LITERALS, FIXED_DISTANCES);
        case 2 -> {
          readCodes();
          compressed(literals, distances);
        }
        default -> throw new DataFormatException("a deflate block of the reserved type 3");
      }
    } while (!last);
    if (position() > end) {
      throw cutOff();
    }
    return to;
  }

  /** Where the input goes on after the stream. */
  int position() {
    return at - (count >> 3);
  }

  /** Sees to it that there are 56 bits at least; beyond the input's end they mean nothing. */
  private void refill() throws DataFormatException {
    if (at > end + 8) {
      throw cutOff();
    }
    bits |= LittleEndianLong.get(in, at) << count;
    at += (63 - count) >> 3;
    count |= 56;
  }

  private static DataFormatException cutOff() {
    return new DataFormatException("its deflate stream is cut off");
  }

  private int take(int number) {
    int value = (int) bits & ((1 << number) - 1);
    bits >>>= number;
    count -= number;
    return value;
  }

  private void stored() throws DataFormatException {
    at = position();
    bits = 0;
    count = 0;
    if (end - at < 4) {
      throw cutOff();
    }
    int length = (in[at] & 0xff) | (in[at + 1] & 0xff) << 8;
    int inverse = (in[at + 2] & 0xff) | (in[at + 3] & 0xff) << 8;
    if ((length ^ inverse) != 0xffff) {
      throw new DataFormatException("a stored deflate block with a wrong length");
    }
    at += 4;
    if (length > end - at) {
      throw cutOff();
    }
    if (length > out.length - to) {
      throw tooLong();
    }
    System.arraycopy(in, at, out, to, length);
    at += length;
    to += length;
  }

  private DataFormatException tooLong() {
    return new DataFormatException("it decompresses to more than " + out.length + " bytes");
  }

  /** Reads the two codes of a block, which are themselves written in a code of their lengths. */
  private void readCodes() throws DataFormatException {
    int literalCount = take(5) + 257;
    int distanceCount = take(5) + 1;
    int written = take(4) + 4;
    if (literalCount > 286 || distanceCount > 30) {
      throw new DataFormatException(
          "a deflate block of "
              + literalCount
              + " literal and "
              + distanceCount
              + " distance codes");
    }
    Arrays.fill(lengths, 0, 19, (byte) 0);
    for (int i = 0; i < written; i++) {
      if (count < 3) {
        refill();
      }
      lengths[LENGTHS_ORDER[i]] = (byte) take(3);
    }
    lengthsCode.build(lengths, 0, 19);
    int all = literalCount + distanceCount;
    int i = 0;
    while (i < all) {
      if (count < LENGTHS_BITS + 7) {
        refill();
      }
      int entry = lengthsCode.table[(int) bits & ((1 << LENGTHS_BITS) - 1)];
      take(HuffmanCode.bits(entry));
      int symbol = HuffmanCode.value(entry);
      if (entry == HuffmanCode.INVALID) {
        throw new DataFormatException("a deflate code that stands for nothing");
      }
      if (symbol < 16) {
        lengths[i++] = (byte) symbol;
        continue;
      }
      int repeat = symbol == 16 ? 3 + take(2) : symbol == 17 ? 3 + take(3) : 11 + take(7);
      if (symbol == 16 && i == 0) {
        throw new DataFormatException("a deflate code length that repeats nothing");
      }
      if (repeat > all - i) {
        throw new DataFormatException("a deflate block with too many code lengths");
      }
      Arrays.fill(lengths, i, i + repeat, symbol == 16 ? lengths[i - 1] : 0);
      i += repeat;
    }
    if (lengths[256] == 0) {
      throw new DataFormatException("a deflate block without a code for its end");
    }
    literals.build(lengths, 0, literalCount);
    distances.build(lengths, literalCount, distanceCount);
  }

  private void compressed(HuffmanCode literalCode, HuffmanCode distanceCode)
      throws DataFormatException {
    int[] literalTable = literalCode.table;
    int[] distanceTable = distanceCode.table;
    byte[] page = out;
    while (true) {
      if (count < MATCH_BITS) {
        refill();
      }
      int entry = literalTable[(int) bits & ((1 << LITERAL_BITS) - 1)];
      if (HuffmanCode.isLink(entry)) {
        entry = literalTable[HuffmanCode.linked(entry, (int) (bits >>> LITERAL_BITS))];
        take(LITERAL_BITS);
      }
      take(HuffmanCode.bits(entry));
      if (HuffmanCode.isLiteral(entry)) {
        if (to == page.length) {
          throw tooLong();
        }
        page[to++] = (byte) HuffmanCode.value(entry);
        continue;
      }
      if (HuffmanCode.isEnd(entry)) {
        return;
      }
      if (entry == HuffmanCode.INVALID) {
        throw new DataFormatException("a deflate code that stands for nothing");
      }
      int length = HuffmanCode.value(entry) + take(HuffmanCode.extra(entry));
      entry = distanceTable[(int) bits & ((1 << DISTANCE_BITS) - 1)];
      if (HuffmanCode.isLink(entry)) {
        entry = distanceTable[HuffmanCode.linked(entry, (int) (bits >>> DISTANCE_BITS))];
        take(DISTANCE_BITS);
      }
      if (entry == HuffmanCode.INVALID) {
        throw new DataFormatException("a deflate code that stands for nothing");
      }
      take(HuffmanCode.bits(entry));
      int distance = HuffmanCode.value(entry) + take(HuffmanCode.extra(entry));
      // The fixed codes have a few that stand for nothing.
      if (length == 0 || distance == 0 || distance > to) {
        throw new DataFormatException("a deflate match from " + distance + " back at " + to);
      }
      if (length > page.length - to) {
        throw tooLong();
      }
      if (distance == 1) {
        Arrays.fill(page, to, to + length, page[to - 1]);
      } else {
        Lzo1x.copyMatch(page, to - distance, to, length);
      }
      to += length;
    }
  }
}
