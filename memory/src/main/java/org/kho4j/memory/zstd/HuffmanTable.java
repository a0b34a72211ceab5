package org.kho4j.memory.zstd;

import java.util.Arrays;
import java.util.zip.DataFormatException;

/** A Huffman code for literals (RFC 8878, section 4.2). */
final class HuffmanTable {

  private static final int MAX_BITS = 11;
  private static final int MAX_WEIGHTS_LOG = 6;

  /** Weights that are written down; the last symbol's follows from them. */
  private static final int MAX_WEIGHTS = 255;

  private final byte[] symbol = new byte[1 << MAX_BITS];
  private final byte[] length = new byte[1 << MAX_BITS];
  private final byte[] weights = new byte[MAX_WEIGHTS + 1];
  private final FseTable fse = new FseTable(MAX_WEIGHTS_LOG, MAX_BITS);
  private final ReverseBits stream = new ReverseBits();
  private int maxBits;

  /** Forgets the code: a frame starts without one. */
  void clear() {
    maxBits = 0;
  }

  boolean isEmpty() {
    return maxBits == 0;
  }

  /** Reads a code's description and returns where it ended. */
  int read(byte[] bytes, int start, int end) throws DataFormatException {
    if (start >= end) {
      throw new DataFormatException("a Huffman table is missing");
    }
    int head = bytes[start] & 0xff;
    int count;
    int after;
    if (head >= 128) {
      count = head - 127;
      after = start + 1 + (count + 1) / 2;
      requireInside(after, end);
      for (int i = 0; i < count; i++) {
        int pair = bytes[start + 1 + i / 2];
        weights[i] = (byte) (i % 2 == 0 ? pair >> 4 & 15 : pair & 15);
      }
    } else {
      after = start + 1 + head;
      requireInside(after, end);
      count = readWeights(bytes, start + 1, after);
    }
    build(count);
    return after;
  }

  private static void requireInside(int after, int end) throws DataFormatException {
    if (after > end) {
      throw new DataFormatException("a Huffman table runs past its block");
    }
  }

  /** Weights are written by two states in turn, until the bits are used up. */
  private int readWeights(byte[] bytes, int start, int end) throws DataFormatException {
    int data = fse.read(bytes, start, end, MAX_WEIGHTS_LOG);
    stream.open(bytes, data, end);
    int one = stream.read(fse.log);
    int other = stream.read(fse.log);
    if (stream.left() < 0) {
      throw new DataFormatException("a Huffman table's weights are cut off");
    }
    int count = 0;
    while (count < MAX_WEIGHTS - 1) {
      weights[count++] = fse.symbol[one];
      one = fse.base[one] + stream.read(fse.bits[one]);
      if (stream.left() < 0) {
        weights[count++] = fse.symbol[other];
        return count;
      }
      int turn = one;
      one = other;
      other = turn;
    }
    throw new DataFormatException("a Huffman table of more than " + MAX_WEIGHTS + " weights");
  }

  private void build(int count) throws DataFormatException {
    int total = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > MAX_BITS) {
        throw new DataFormatException("a Huffman weight of " + weights[i]);
      }
      total += 1 << weights[i] >> 1;
    }
    if (total == 0) {
      throw new DataFormatException("a Huffman table without symbols");
    }
    int bits = 32 - Integer.numberOfLeadingZeros(total);
    int rest = (1 << bits) - total;
    if (bits > MAX_BITS || Integer.bitCount(rest) != 1) {
      throw new DataFormatException("a Huffman table whose weights add up to " + total);
    }
    weights[count] = (byte) (Integer.numberOfTrailingZeros(rest) + 1);
    maxBits = bits;
    int at = 0;
    for (int weight = 1; weight <= bits; weight++) {
      int codes = 1 << (weight - 1);
      for (int s = 0; s <= count; s++) {
        if (weights[s] == weight) {
          Arrays.fill(symbol, at, at + codes, (byte) s);
          Arrays.fill(length, at, at + codes, (byte) (bits + 1 - weight));
          at += codes;
        }
      }
    }
  }

  /** Decodes one stream, which has to end with the last literal. */
  void decode(byte[] bytes, int start, int end, byte[] literals, int from, int to)
      throws DataFormatException {
    ReverseBits in = stream;
    in.open(bytes, start, end);
    int width = maxBits;
    for (int i = from; i < to; i++) {
      int code = in.peek(width);
      literals[i] = symbol[code];
      in.skip(length[code]);
    }
    if (in.left() != 0) {
      throw new DataFormatException("a stream of literals does not end with its last one");
    }
  }
}
