package org.kho4j.preflight.packed;

import java.io.IOException;
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
  private static final int HALF = 1 << 10;

  /** The state after a match, and after 1 to 3 literals that follow one. */
  private static final int[] AFTER_LITERAL = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5};

  private final PackedInput in;
  private int range;
  private int code;

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

  /** Bytes of a match that the last call had no more room for. */
  private int pending;

  LzmaDecoder(PackedInput in) {
    this.in = in;
  }

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
    pending = 0;
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
      Arrays.fill(bits, (short) HALF);
    }
    matchLengths.reset();
    repeatLengths.reset();
  }

  /** Forgets what came out so far. */
  void resetDictionary(UnpackedOutput out) {
    dictionary = out.total();
  }

  /** Reads the five bytes that the range coder starts with. */
  void startRange() throws DataFormatException {
    if (in.u8() != 0) {
      throw new DataFormatException("an lzma stream that does not start with 0");
    }
    range = -1;
    code = in.u32BigEndian();
  }

  /** Whether the range coder is where it ends when all of a chunk was decoded. */
  boolean isRangeFinished() throws DataFormatException {
    normalize();
    return code == 0;
  }

  private void normalize() throws DataFormatException {
    if (range >>> 24 == 0) {
      range <<= 8;
      code = code << 8 | in.u8();
    }
  }

  /**
   * Decodes.
   *
   * @param length bytes to decode, or -1 to go on until the end marker
   * @return whether there was an end marker
   */
  boolean decode(UnpackedOutput out, long length) throws IOException, DataFormatException {
    long left = length < 0 ? Long.MAX_VALUE : length;
    if (pending > 0) {
      int piece = (int) Math.min(pending, left);
      copyMatch(out, piece);
      pending -= piece;
      left -= piece;
    }
    while (left > 0) {
      out.reserve(LONGEST_MATCH);
      long total = out.total() - dictionary;
      int position = (int) total & positionMask;
      if (bit(isMatch, state * POSITIONS + position) == 0) {
        literal(out, total);
        left--;
        continue;
      }
      int matched;
      if (bit(isRepeat, state) == 0) {
        repeat3 = repeat2;
        repeat2 = repeat1;
        repeat1 = repeat0;
        matched = matchLengths.decode(position);
        repeat0 = distance(matched);
        if (repeat0 == -1) {
          return true;
        }
        state = state < 7 ? 7 : 10;
      } else if (total == 0) {
        throw new DataFormatException("an lzma match before the first byte");
      } else if (isShortRepeat(position)) {
        matched = 1;
        state = state < 7 ? 9 : 11;
      } else {
        matched = repeatLengths.decode(position);
        state = state < 7 ? 8 : 11;
      }
      if (Integer.compareUnsigned(repeat0, (int) Math.min(total, 0xffff_ffffL)) >= 0) {
        throw new DataFormatException(
            "an lzma match from " + (Integer.toUnsignedLong(repeat0) + 1) + " back at " + total);
      }
      int piece = (int) Math.min(matched, left);
      copyMatch(out, piece);
      left -= piece;
      pending = matched - piece;
    }
    return false;
  }

  /** Whether a match stands for more bytes than were asked for. */
  boolean isInMatch() {
    return pending > 0;
  }

  /** Moves the repeated distance that comes next to the front. */
  private boolean isShortRepeat(int position) throws DataFormatException {
    if (bit(isRepeat0, state) == 0) {
      return bit(isLongRepeat0, state * POSITIONS + position) == 0;
    }
    int next;
    if (bit(isRepeat1, state) == 0) {
      next = repeat1;
    } else {
      if (bit(isRepeat2, state) == 0) {
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
    int symbol = state < 7 ? tree(literals, base, 8) : matchedLiteral(base, out, total);
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
    int symbol = 1;
    do {
      int matchBit = match >>> 7 & 1;
      match <<= 1;
      int bit = bit(literals, base + ((1 + matchBit) << 8) + symbol);
      symbol = symbol << 1 | bit;
      if (bit != matchBit) {
        break;
      }
    } while (symbol < 0x100);
    while (symbol < 0x100) {
      symbol = symbol << 1 | bit(literals, base + symbol);
    }
    return symbol;
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
  private int distance(int length) throws DataFormatException {
    int slot = tree(slots, Math.min(length - 2, LENGTH_STATES - 1) * SLOTS, 6);
    if (slot < 4) {
      return slot;
    }
    int bits = (slot >>> 1) - 1;
    int distance = (2 | (slot & 1)) << bits;
    if (slot < 14) {
      return distance + reverseTree(distances, distance - slot, bits);
    }
    distance += direct(bits - 4) << 4;
    return distance + reverseTree(align, 0, 4);
  }

  private int direct(int bits) throws DataFormatException {
    int value = 0;
    for (int i = 0; i < bits; i++) {
      normalize();
      range >>>= 1;
      int below = (code - range) >>> 31;
      code -= range & (below - 1);
      value = value << 1 | (1 - below);
    }
    return value;
  }

  /** The range coder's state is in variables here: most of all time goes into this loop. */
  private int tree(short[] bits, int base, int depth) throws DataFormatException {
    int width = range;
    int value = code;
    int symbol = 1;
    for (int i = 0; i < depth; i++) {
      if (width >>> 24 == 0) {
        width <<= 8;
        value = value << 8 | in.u8();
      }
      int probability = bits[base + symbol];
      int bound = (width >>> 11) * probability;
      if (Integer.compareUnsigned(value, bound) < 0) {
        width = bound;
        bits[base + symbol] = (short) (probability + (((1 << 11) - probability) >>> 5));
        symbol <<= 1;
      } else {
        width -= bound;
        value -= bound;
        bits[base + symbol] = (short) (probability - (probability >>> 5));
        symbol = symbol << 1 | 1;
      }
    }
    range = width;
    code = value;
    return symbol - (1 << depth);
  }

  private int reverseTree(short[] bits, int base, int depth) throws DataFormatException {
    int symbol = 1;
    int value = 0;
    for (int i = 0; i < depth; i++) {
      int bit = bit(bits, base + symbol);
      symbol = symbol << 1 | bit;
      value |= bit << i;
    }
    return value;
  }

  private int bit(short[] bits, int index) throws DataFormatException {
    normalize();
    int probability = bits[index];
    int bound = (range >>> 11) * probability;
    if (Integer.compareUnsigned(code, bound) < 0) {
      range = bound;
      bits[index] = (short) (probability + (((1 << 11) - probability) >>> 5));
      return 0;
    }
    range -= bound;
    code -= bound;
    bits[index] = (short) (probability - (probability >>> 5));
    return 1;
  }

  /** How many bytes a match has: 2 to 273. */
  private final class Lengths {

    private final short[] choices = new short[2];
    private final short[] low = new short[POSITIONS * 8];
    private final short[] mid = new short[POSITIONS * 8];
    private final short[] high = new short[256];

    void reset() {
      for (short[] bits : new short[][] {choices, low, mid, high}) {
        Arrays.fill(bits, (short) HALF);
      }
    }

    int decode(int position) throws DataFormatException {
      if (bit(choices, 0) == 0) {
        return 2 + tree(low, position * 8, 3);
      }
      if (bit(choices, 1) == 0) {
        return 10 + tree(mid, position * 8, 3);
      }
      return 18 + tree(high, 0, 8);
    }
  }
}
