package org.kho4j.preflight.packed;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.UnpackedOutput;

/**
 * The LZMA coding that .lzma files and the chunks of .xz files have. What came out before is the
 * dictionary, whatever size the encoder's had.
 */
final class LzmaDecoder {

  /** The most bytes that one symbol stands for. */
  private static final int LONGEST_MATCH = 273;

  private static final int STATES = 12;
  private static final int POSITIONS = 16;
  private static final int LENGTH_STATES = 4;
  private static final int SLOTS = 64;
  private static final int ALIGN = 16;
  private static final int FULL_DISTANCES = 128;

  /** The state after a match, and after 1 to 3 literals that follow one. */
  private static final int[] AFTER_LITERAL = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5};

  private final RangeDecoder coder = new RangeDecoder();

  private int literalContext;
  private int literalPositionMask;
  private int positionMask;
  private short[] literals = new short[0];
  private final short[] isMatch = new short[STATES * POSITIONS];
  private final short[] isRepeat = new short[STATES];
  private final short[] isRepeat0 = new short[STATES];
  private final short[] isRepeat1 = new short[STATES];
  private final short[] isRepeat2 = new short[STATES];
  private final short[] isLongRepeat0 = new short[STATES * POSITIONS];
  private final short[] slots = new short[LENGTH_STATES * SLOTS];
  private final short[] distances = new short[FULL_DISTANCES];
  private final short[] align = new short[ALIGN];
  private final Lengths matchLengths = new Lengths();
  private final Lengths repeatLengths = new Lengths();

  private int state;
  private int repeat0;
  private int repeat1;
  private int repeat2;
  private int repeat3;

  /** Where in the output the dictionary starts. */
  private long dictionary;

  /**
   * Sets what a stream starts with.
   *
   * @param properties {@code (pb * 5 + lp) * 9 + lc}
   */
  void setProperties(int properties) throws DataFormatException {
    int lc = properties % 9;
    int lp = properties / 9 % 5;
    int pb = properties / 45;
    if (pb > 4) {
      throw new DataFormatException("lzma properties of " + properties + ": 224 are the most");
    }
    literalContext = lc;
    literalPositionMask = (1 << lp) - 1;
    positionMask = (1 << pb) - 1;
    literals = new short[0x300 << (lc + lp)];
  }

  /** Forgets all but the dictionary. */
  void resetState() {
    state = 0;
    repeat0 = repeat1 = repeat2 = repeat3 = 0;
    for (short[] bits :
        new short[][] {
          literals,
          isMatch,
          isRepeat,
          isRepeat0,
          isRepeat1,
          isRepeat2,
          isLongRepeat0,
          slots,
          distances,
          align
        }) {
      Arrays.fill(bits, RangeDecoder.HALF);
    }
    matchLengths.reset();
    repeatLengths.reset();
  }

  /** Forgets what came out so far. */
  void resetDictionary(UnpackedOutput out) {
    dictionary = out.total();
  }

  /**
   * Decodes.
   *
   * @param packed starts with what sets up the range coder
   * @param length bytes to decode, or -1 to go on until the end marker
   * @return whether there was an end marker
   */
  boolean decode(MemorySegment packed, UnpackedOutput out, long length)
      throws IOException, DataFormatException {
    coder.start(packed);
    long left = length < 0 ? Long.MAX_VALUE : length;
    while (left > 0) {
      out.reserve(LONGEST_MATCH);
      coder.prepareSymbol();
      long total = out.total() - dictionary;
      int position = (int) total & positionMask;
      if (coder.bit(isMatch, state * POSITIONS + position) == 0) {
        literal(out, total);
        left--;
        continue;
      }
      int matched = match(position, total);
      if (matched == 0) {
        break;
      }
      if (matched > left) {
        throw new DataFormatException("an lzma match that goes on after " + length + " bytes");
      }
      copyMatch(out, matched);
      left -= matched;
    }
    coder.requireEnough();
    return left > 0;
  }

  /** How many of the packed bytes were taken. */
  long position() {
    return coder.position();
  }

  /** Whether all packed bytes were taken, and the coder is where it ends. */
  boolean isFinished() {
    return coder.isFinished();
  }

  /** The length of a match, whose distance is {@link #repeat0} then; 0 is the end marker. */
  private int match(int position, long total) throws DataFormatException {
    int length;
    if (coder.bit(isRepeat, state) == 0) {
      repeat3 = repeat2;
      repeat2 = repeat1;
      repeat1 = repeat0;
      length = matchLengths.decode(position);
      repeat0 = distance(length);
      if (repeat0 == -1) {
        return 0;
      }
      state = state < 7 ? 7 : 10;
    } else if (isShortRepeat(position)) {
      length = 1;
      state = state < 7 ? 9 : 11;
    } else {
      length = repeatLengths.decode(position);
      state = state < 7 ? 8 : 11;
    }
    if (Integer.toUnsignedLong(repeat0) >= total) {
      throw new DataFormatException(
          "an lzma match from " + (Integer.toUnsignedLong(repeat0) + 1) + " back at " + total);
    }
    return length;
  }

  /** Moves the repeated distance that comes next to the front. */
  private boolean isShortRepeat(int position) {
    if (coder.bit(isRepeat0, state) == 0) {
      return coder.bit(isLongRepeat0, state * POSITIONS + position) == 0;
    }
    int next;
    if (coder.bit(isRepeat1, state) == 0) {
      next = repeat1;
    } else {
      if (coder.bit(isRepeat2, state) == 0) {
        next = repeat2;
      } else {
        next = repeat3;
        repeat3 = repeat2;
      }
      repeat2 = repeat1;
    }
    repeat1 = repeat0;
    repeat0 = next;
    return false;
  }

  private void copyMatch(UnpackedOutput out, int length) throws IOException, DataFormatException {
    long distance = Integer.toUnsignedLong(repeat0) + 1;
    int to = out.used;
    if (distance > to || length > 32) {
      out.appendMatch(distance, length);
      return;
    }
    byte[] buffer = out.buffer;
    int from = to - (int) distance;
    for (int i = 0; i < length; i++) {
      buffer[to + i] = buffer[from + i];
    }
    out.used = to + length;
  }

  private void literal(UnpackedOutput out, long total) throws IOException, DataFormatException {
    int previous = total == 0 ? 0 : earlier(out, 1);
    int context =
        (((int) total & literalPositionMask) << literalContext)
            | (previous >>> (8 - literalContext));
    int base = 0x300 * context;
    int symbol = state < 7 ? coder.tree(literals, base, 8) : matchedLiteral(base, out, total);
    out.buffer[out.used++] = (byte) symbol;
    state = AFTER_LITERAL[state];
  }

  /** A literal behind a match is coded with the byte that the match would have gone on with. */
  private int matchedLiteral(int base, UnpackedOutput out, long total)
      throws IOException, DataFormatException {
    long distance = Integer.toUnsignedLong(repeat0) + 1;
    if (distance > total) {
      throw new DataFormatException("an lzma literal after a match from " + distance + " back");
    }
    int match = earlier(out, distance);
    return coder.likelyByte(literals, base, match);
  }

  private static int earlier(UnpackedOutput out, long distance)
      throws IOException, DataFormatException {
    if (distance > out.used) {
      // A place that the byte to come is written to later.
      out.copyEarlier(out.total() - distance, 1, out.used);
      return out.buffer[out.used] & 0xff;
    }
    return out.buffer[out.used - (int) distance] & 0xff;
  }

  /** A distance less one; -1 is the end marker. */
  private int distance(int length) {
    int slot = coder.tree(slots, Math.min(length - 2, LENGTH_STATES - 1) * SLOTS, 6);
    if (slot < 4) {
      return slot;
    }
    int bits = (slot >>> 1) - 1;
    int distance = (2 | (slot & 1)) << bits;
    if (slot < 14) {
      return distance + coder.reverseTree(distances, distance - slot, bits);
    }
    distance += coder.direct(bits - 4) << 4;
    return distance + coder.reverseTree(align, 0, 4);
  }

  /** How many bytes a match has: 2 to 273. */
  private final class Lengths {

    private final short[] choices = new short[2];
    private final short[] low = new short[POSITIONS * 8];
    private final short[] mid = new short[POSITIONS * 8];
    private final short[] high = new short[256];

    void reset() {
      for (short[] bits : new short[][] {choices, low, mid, high}) {
        Arrays.fill(bits, RangeDecoder.HALF);
      }
    }

    int decode(int position) {
      if (coder.bit(choices, 0) == 0) {
        return 2 + coder.tree(low, position * 8, 3);
      }
      if (coder.bit(choices, 1) == 0) {
        return 10 + coder.tree(mid, position * 8, 3);
      }
      return 18 + coder.tree(high, 0, 8);
    }
  }
}
