package org.kho4j.memory.zstd;

import java.io.IOException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.UnpackedOutput;

/** Compressed blocks of one frame after the other (RFC 8878, section 3.1.1.3). */
final class BlockDecoder {

  /** Most bytes that one block gives. */
  static final int MAX_BLOCK = 128 << 10;

  private static final SequenceCode LITERAL_LENGTHS = SequenceCode.literalLengths();
  private static final SequenceCode OFFSETS = SequenceCode.offsets();
  private static final SequenceCode MATCH_LENGTHS = SequenceCode.matchLengths();

  private final HuffmanTable huffman = new HuffmanTable();
  private final SequenceCode.Current literalLengths = LITERAL_LENGTHS.current();
  private final SequenceCode.Current offsets = OFFSETS.current();
  private final SequenceCode.Current matchLengths = MATCH_LENGTHS.current();
  private final ReverseBits stream = new ReverseBits();
  private final byte[] literals = new byte[MAX_BLOCK];
  private int literalCount;
  private int recent1;
  private int recent2;
  private int recent3;

  /** Forgets what blocks carry from one to the next. */
  void startFrame() {
    huffman.clear();
    literalLengths.clear();
    offsets.clear();
    matchLengths.clear();
    recent1 = 1;
    recent2 = 4;
    recent3 = 8;
  }

  /**
   * Decodes a block into the room for one that the output has.
   *
   * @param bytes has {@link LittleEndian#SLACK} bytes beyond its content
   * @param frameStart where the frame's first byte is in the output
   */
  void decode(byte[] bytes, int end, UnpackedOutput out, long frameStart)
      throws IOException, DataFormatException {
    int at = readLiterals(bytes, end);
    int before = out.used;
    if (at >= end) {
      throw new DataFormatException("a block without its number of sequences");
    }
    int count = bytes[at++] & 0xff;
    if (count >= 128) {
      int more = count == 255 ? 2 : 1;
      if (end - at < more) {
        throw new DataFormatException("a block's number of sequences is cut off");
      }
      count =
          count == 255
              ? LittleEndian.u16(bytes, at) + 0x7f00
              : ((count - 128) << 8) + (bytes[at] & 0xff);
      at += more;
    }
    int literal = 0;
    if (count > 0) {
      literal = execute(bytes, openSequences(bytes, at, end), end, count, out, frameStart);
    } else if (at != end) {
      throw new DataFormatException("a block goes on after its end");
    }
    int rest = literalCount - literal;
    if (out.used - before + rest > MAX_BLOCK) {
      throw new DataFormatException("a block of more than " + MAX_BLOCK + " bytes");
    }
    System.arraycopy(literals, literal, out.buffer, out.used, rest);
    out.used += rest;
  }

  private int readLiterals(byte[] bytes, int end) throws DataFormatException {
    if (end == 0) {
      throw new DataFormatException("an empty block");
    }
    int type = bytes[0] & 3;
    int form = bytes[0] >> 2 & 3;
    if (type >= 2) {
      return readCoded(bytes, end, type == 3, form);
    }
    int header = form == 1 ? 2 : form == 3 ? 3 : 1;
    if (end < header) {
      throw new DataFormatException("a literals header is cut off");
    }
    literalCount =
        switch (header) {
          case 1 -> (bytes[0] & 0xff) >> 3;
          case 2 -> LittleEndian.u16(bytes, 0) >> 4;
          default -> LittleEndian.u24(bytes, 0) >> 4;
        };
    int stored = type == 0 ? literalCount : 1;
    if (literalCount > MAX_BLOCK || stored > end - header) {
      throw new DataFormatException(literalCount + " literals do not fit the block");
    }
    if (type == 0) {
      System.arraycopy(bytes, header, literals, 0, literalCount);
    } else {
      Arrays.fill(literals, 0, literalCount, bytes[header]);
    }
    return header + stored;
  }

  private int readCoded(byte[] bytes, int end, boolean again, int form) throws DataFormatException {
    int header = form < 2 ? 3 : form + 2;
    int width = form < 2 ? 10 : form == 2 ? 14 : 18;
    if (end < header) {
      throw new DataFormatException("a literals header is cut off");
    }
    long sizes = LittleEndian.u64(bytes, 0) >>> 4;
    int mask = (1 << width) - 1;
    literalCount = (int) sizes & mask;
    int stored = (int) (sizes >>> width) & mask;
    if (literalCount > MAX_BLOCK || stored > end - header) {
      throw new DataFormatException(
          literalCount + " literals in " + stored + " bytes do not fit the block");
    }
    int at = header;
    int after = header + stored;
    if (!again) {
      at = huffman.read(bytes, at, after);
    } else if (huffman.isEmpty()) {
      throw new DataFormatException("a block wants an earlier Huffman table, there is none");
    }
    if (form == 0) {
      huffman.decode(bytes, at, after, literals, 0, literalCount);
      return after;
    }
    if (after - at < 6) {
      throw new DataFormatException("a literals jump table is cut off");
    }
    int start = at + 6;
    int each = (literalCount + 3) / 4;
    int from = 0;
    for (int i = 0; i < 4; i++) {
      int stop = i < 3 ? start + LittleEndian.u16(bytes, at + 2 * i) : after;
      int to = i < 3 ? from + each : literalCount;
      if (stop > after || to > literalCount) {
        throw new DataFormatException("a literals jump table points past its block");
      }
      huffman.decode(bytes, start, stop, literals, from, to);
      start = stop;
      from = to;
    }
    return after;
  }

  private int openSequences(byte[] bytes, int at, int end) throws DataFormatException {
    if (at >= end) {
      throw new DataFormatException("a block without its sequences");
    }
    int modes = bytes[at++];
    if ((modes & 3) != 0) {
      throw new DataFormatException("a block with reserved bits set");
    }
    at = literalLengths.read(modes >> 6 & 3, bytes, at, end);
    at = offsets.read(modes >> 4 & 3, bytes, at, end);
    return matchLengths.read(modes >> 2 & 3, bytes, at, end);
  }

  /** Carries out the sequences, and returns how many literals they took. */
  private int execute(byte[] bytes, int at, int end, int count, UnpackedOutput out, long frameStart)
      throws IOException, DataFormatException {
    ReverseBits in = stream;
    in.open(bytes, at, end);
    FseTable lengths = literalLengths.table();
    FseTable distances = offsets.table();
    FseTable matches = matchLengths.table();
    int lengthState = in.read(lengths.log);
    int distanceState = in.read(distances.log);
    int matchState = in.read(matches.log);

    byte[] buffer = out.buffer;
    int used = out.used;
    int limit = used + MAX_BLOCK;
    int literal = 0;
    for (int i = 0; i < count; i++) {
      int distanceCode = distances.symbol[distanceState];
      int matchCode = matches.symbol[matchState];
      int lengthCode = lengths.symbol[lengthState];
      // 31 bits at most, so that the sum stays positive or shows as a negative number.
      int value = (1 << distanceCode) + in.read(distanceCode);
      int match = MATCH_LENGTHS.base[matchCode] + in.read(MATCH_LENGTHS.bits[matchCode]);
      int length = LITERAL_LENGTHS.base[lengthCode] + in.read(LITERAL_LENGTHS.bits[lengthCode]);
      int distance = distance(value, length);
      if (i < count - 1) {
        lengthState = lengths.base[lengthState] + in.read(lengths.bits[lengthState]);
        matchState = matches.base[matchState] + in.read(matches.bits[matchState]);
        distanceState = distances.base[distanceState] + in.read(distances.bits[distanceState]);
      }
      if (in.left() < 0) {
        throw new DataFormatException("a block's sequences are cut off");
      }
      if (length > literalCount - literal || length + match > limit - used) {
        throw new DataFormatException("a sequence runs past its block");
      }
      copyShort(literals, literal, buffer, used, length);
      literal += length;
      used += length;
      if (distance <= 0 || distance > out.before + used - frameStart) {
        throw new DataFormatException("a match from before the frame's start");
      }
      int from = used - distance;
      if (from < 0) {
        int earlier = Math.min(match, -from);
        out.copyEarlier(out.before + from, earlier, used);
        used += earlier;
        match -= earlier;
        from = 0;
      }
      copyMatch(buffer, from, used, match);
      used += match;
    }
    if (in.left() != 0) {
      throw new DataFormatException("a block's sequences do not end with its last one");
    }
    out.used = used;
    return literal;
  }

  private int distance(int value, int literalLength) {
    if (value > 3 || value < 0) {
      recent3 = recent2;
      recent2 = recent1;
      recent1 = value - 3;
      return recent1;
    }
    int which = literalLength == 0 ? value + 1 : value;
    int distance =
        switch (which) {
          case 1 -> recent1;
          case 2 -> recent2;
          case 3 -> recent3;
          default -> recent1 - 1;
        };
    if (which >= 3) {
      recent3 = recent2;
    }
    if (which >= 2) {
      recent2 = recent1;
      recent1 = distance;
    }
    return distance;
  }

  private static void copyShort(byte[] from, int at, byte[] to, int start, int length) {
    if (length > 16) {
      System.arraycopy(from, at, to, start, length);
      return;
    }
    for (int i = 0; i < length; i++) {
      to[start + i] = from[at + i];
    }
  }

  /** A match may overlap what it makes: then it repeats. */
  private static void copyMatch(byte[] buffer, int from, int to, int length) {
    int distance = to - from;
    if (distance >= length) {
      copyShort(buffer, from, buffer, to, length);
    } else if (distance == 1) {
      Arrays.fill(buffer, to, to + length, buffer[from]);
    } else {
      // Each round copies what is there already, so that the piece doubles.
      int done = 0;
      while (done < length) {
        int piece = Math.min(distance + done, length - done);
        copyShort(buffer, from, buffer, to + done, piece);
        done += piece;
      }
    }
  }
}
