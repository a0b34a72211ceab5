package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.packed.PackedInput.require;

import java.io.IOException;
import java.util.zip.DataFormatException;

/**
 * A file of lz4's legacy format, as {@code lz4 -l} writes it and the kernel's build does: a magic
 * number, then blocks that each unpack to 8 MiB at most, each behind its packed size.
 */
final class Lz4File implements Decoder {

  static final int MAGIC = 0x184c2102;

  private static final int MAX_BLOCK = 8 << 20;
  private static final int MAX_PACKED = MAX_BLOCK + MAX_BLOCK / 255 + 16;
  private static final int SHORTEST_MATCH = 4;

  private final byte[] content = new byte[MAX_BLOCK];
  private byte[] block = new byte[0];
  private int at;
  private int made;

  @Override
  public void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    require(in.u32() == MAGIC, "no lz4 stream where one should start");
    while (in.remaining() > 0) {
      int size = in.u32();
      if (size == MAGIC) {
        continue;
      }
      require(
          size > 0 && size <= MAX_PACKED,
          "an lz4 block of "
              + Integer.toUnsignedString(size)
              + " bytes: "
              + MAX_PACKED
              + " are the most");
      block = in.take(size).toArray(JAVA_BYTE);
      block();
      out.write(content, made);
    }
  }

  private void block() throws DataFormatException {
    at = 0;
    made = 0;
    while (true) {
      int token = next();
      int literals = length(token >>> 4);
      require(literals <= block.length - at, "an lz4 block with more literals than bytes");
      requireRoom(literals);
      System.arraycopy(block, at, content, made, literals);
      at += literals;
      made += literals;
      if (at == block.length) {
        return;
      }
      int distance = next() | next() << 8;
      int match = length(token & 15) + SHORTEST_MATCH;
      require(
          distance != 0 && distance <= made, "an lz4 match from " + distance + " back at " + made);
      requireRoom(match);
      for (int end = made + match; made < end; ) {
        // A match longer than its distance repeats what it makes.
        int piece = Math.min(distance, end - made);
        System.arraycopy(content, made - distance, content, made, piece);
        made += piece;
      }
    }
  }

  private void requireRoom(int more) throws DataFormatException {
    require(
        more <= MAX_BLOCK - made, "an lz4 block that unpacks to more than " + MAX_BLOCK + " bytes");
  }

  private int next() throws DataFormatException {
    require(at < block.length, "an lz4 block that ends in the middle of a sequence");
    return block[at++] & 0xff;
  }

  private int length(int start) throws DataFormatException {
    int length = start;
    int more = start == 15 ? 255 : 0;
    while (more == 255) {
      more = next();
      length += more;
    }
    return length;
  }
}
