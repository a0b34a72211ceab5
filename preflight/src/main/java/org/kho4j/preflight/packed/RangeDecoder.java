package org.kho4j.preflight.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.DataFormatException;

/**
 * The range coder under LZMA. Each bit has a probability of being 0, in 1/2048, which moves with
 * every bit that was decoded with it.
 *
 * <p>Most of the time that LZMA takes goes into {@link #tree}. Its bits are hard to guess, so that
 * it computes where {@link #bit} branches, and holds the coder's state in variables.
 */
final class RangeDecoder {

  /** What every probability starts with. */
  static final short HALF = 1 << 10;

  private static final int ONE = 1 << 11;
  private static final int SPEED = 5;
  private static final long LEAST_RANGE = 1 << 24;

  /**
   * The most bytes that a symbol of LZMA takes: 22 bits, whose probabilities stay above 30/2048,
   * and 26 without.
   */
  private static final int LONGEST_SYMBOL = 20;

  private static final int PIECE = 1 << 16;

  private MemorySegment packed = MemorySegment.NULL;

  /** A part of the packed bytes; behind the last one zeros, which only damaged input gets to. */
  private final byte[] piece = new byte[PIECE + LONGEST_SYMBOL];

  /** Where in the packed bytes the piece starts. */
  private long start;

  /** The next byte, in the piece. */
  private int at;

  /** The last place in the piece where a symbol may start. */
  private int lastStart;

  /** Like {@link #code} of 32 bits, unsigned. */
  private long range;

  private long code;

  /** Starts with other packed bytes. The first five set up the coder. */
  void start(MemorySegment bytes) throws DataFormatException {
    packed = bytes;
    load(0);
    if (piece[0] != 0) {
      throw new DataFormatException("an lzma stream that does not start with 0");
    }
    range = 0xffff_ffffL;
    code = 0;
    for (at = 1; at < 5; at++) {
      code = code << 8 | (piece[at] & 0xff);
    }
  }

  /** How many of the bytes were taken. */
  long position() {
    return Math.min(start + at, packed.byteSize());
  }

  /** Makes the bytes of one symbol available. */
  void prepareSymbol() throws DataFormatException {
    if (at > lastStart) {
      requireEnough();
      load(start + at);
    }
  }

  private void load(long position) {
    start = position;
    at = 0;
    long left = packed.byteSize() - position;
    int length = (int) Math.min(PIECE, left);
    MemorySegment.copy(packed, JAVA_BYTE, position, piece, 0, length);
    Arrays.fill(piece, length, piece.length, (byte) 0);
    lastStart = length == left ? length : length - LONGEST_SYMBOL;
  }

  /** To be called behind the last symbol. */
  void requireEnough() throws DataFormatException {
    if (start + at > packed.byteSize()) {
      throw new DataFormatException(
          "lzma that ends in the middle, after " + packed.byteSize() + " bytes");
    }
  }

  /** Whether all bytes were taken, and the coder is where it ends. */
  boolean isFinished() {
    normalize();
    return code == 0 && start + at == packed.byteSize();
  }

  private void normalize() {
    if (range < LEAST_RANGE) {
      range <<= 8;
      code = code << 8 | (piece[at++] & 0xff);
    }
  }

  int bit(short[] probabilities, int index) {
    normalize();
    int probability = probabilities[index];
    long bound = (range >>> 11) * probability;
    if (code < bound) {
      range = bound;
      probabilities[index] = (short) (probability + ((ONE - probability) >>> SPEED));
      return 0;
    }
    range -= bound;
    code -= bound;
    probabilities[index] = (short) (probability - (probability >>> SPEED));
    return 1;
  }

  /** Bits of which each has a probability for what came before it. The highest comes first. */
  int tree(short[] probabilities, int base, int depth) {
    long width = range;
    long value = code;
    int symbol = 1;
    for (int i = 0; i < depth; i++) {
      if (width < LEAST_RANGE) {
        width <<= 8;
        value = value << 8 | (piece[at++] & 0xff);
      }
      int probability = probabilities[base + symbol];
      long bound = (width >>> 11) * probability;
      // -1 when the bit is 0, and 0 when it is 1
      long zero = (value - bound) >> 63;
      width = (bound & zero) | ((width - bound) & ~zero);
      value -= bound & ~zero;
      probabilities[base + symbol] = moved(probability, (int) zero);
      symbol = 2 * symbol + 1 + (int) zero;
    }
    range = width;
    code = value;
    return symbol - (1 << depth);
  }

  /** The same of eight bits that are likely those of a byte: until one is not, it decides, too. */
  int likelyByte(short[] probabilities, int base, int likely) {
    long width = range;
    long value = code;
    int symbol = 1;
    int rest = likely;
    int matches = 0x100;
    for (int i = 0; i < 8; i++) {
      if (width < LEAST_RANGE) {
        width <<= 8;
        value = value << 8 | (piece[at++] & 0xff);
      }
      rest <<= 1;
      int index = base + matches + (rest & matches) + symbol;
      int probability = probabilities[index];
      long bound = (width >>> 11) * probability;
      long zero = (value - bound) >> 63;
      width = (bound & zero) | ((width - bound) & ~zero);
      value -= bound & ~zero;
      probabilities[index] = moved(probability, (int) zero);
      symbol = 2 * symbol + 1 + (int) zero;
      matches &= rest ^ (int) zero;
    }
    range = width;
    code = value;
    return symbol & 0xff;
  }

  private static short moved(int probability, int zero) {
    return (short) (probability - ((probability + (zero & ((1 << SPEED) - 1 - ONE))) >> SPEED));
  }

  /** As {@link #tree}, but the lowest bit comes first. */
  int reverseTree(short[] probabilities, int base, int depth) {
    return Integer.reverse(tree(probabilities, base, depth)) >>> (Integer.SIZE - depth);
  }

  /** Bits that are as often 0 as 1. The highest comes first. */
  int direct(int bits) {
    int value = 0;
    for (int i = 0; i < bits; i++) {
      normalize();
      range >>>= 1;
      long zero = (code - range) >> 63;
      code -= range & ~zero;
      value = 2 * value + 1 + (int) zero;
    }
    return value;
  }
}
