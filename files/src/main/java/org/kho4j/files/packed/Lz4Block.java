package org.kho4j.files.packed;

import static org.kho4j.files.packed.PackedInput.require;

import java.io.IOException;
import java.util.zip.DataFormatException;

/** Decompresses blocks of lz4, each alone or behind the blocks before it. */
final class Lz4Block {

  /** How far back a match may reach. */
  private static final int WINDOW = 1 << 16;

  private static final int SHORTEST_MATCH = 4;

  private final int most;
  private final byte[] content;
  private byte[] block = new byte[0];
  private int at;

  /** The start and end of the last block's content. Earlier blocks' content is before it. */
  private int start;

  private int end;

  /**
   * A decoder.
   *
   * @param most bytes that a block decompresses to
   */
  Lz4Block(int most) {
    this.most = most;
    this.content = new byte[WINDOW + most];
  }

  /** Decompresses a block that refers to no other. */
  void decode(byte[] packed) throws DataFormatException {
    end = 0;
    decodeBehind(packed);
  }

  /** Decompresses a block that may refer to the blocks since the last independent one. */
  void decodeBehind(byte[] packed) throws DataFormatException {
    keepWindow();
    block = packed;
    at = 0;
    while (true) {
      int token = next();
      int literals = length(token >>> 4);
      require(literals <= block.length - at, "an lz4 block with more literals than bytes");
      requireRoom(literals);
      System.arraycopy(block, at, content, end, literals);
      at += literals;
      end += literals;
      if (at == block.length) {
        return;
      }
      int distance = next() | next() << 8;
      int match = length(token & 15) + SHORTEST_MATCH;
      require(
          distance != 0 && distance <= end,
          "an lz4 match from " + distance + " back at " + (end - start));
      requireRoom(match);
      PageCodec.copyMatch(content, end - distance, end, match);
      end += match;
    }
  }

  /** Takes a block that is not compressed. */
  void store(byte[] plain) throws DataFormatException {
    keepWindow();
    requireRoom(plain.length);
    System.arraycopy(plain, 0, content, end, plain.length);
    end += plain.length;
  }

  /** Writes the last block's content. */
  void writeTo(SparseOutput out) throws IOException, DataFormatException {
    out.write(content, start, end - start);
  }

  /** Adds the last block's content to a checksum. */
  void addTo(XxHash32 hash) {
    hash.update(content, start, end - start);
  }

  private void keepWindow() {
    int kept = Math.min(WINDOW, end);
    System.arraycopy(content, end - kept, content, 0, kept);
    start = kept;
    end = kept;
  }

  private void requireRoom(int more) throws DataFormatException {
    require(
        more <= most - (end - start), "an lz4 block that unpacks to more than " + most + " bytes");
  }

  private int next() throws DataFormatException {
    require(at < block.length, "an lz4 block that ends in the middle of a sequence");
    return block[at++] & 0xff;
  }

  private int length(int first) throws DataFormatException {
    int length = first;
    int more = first == 15 ? 255 : 0;
    while (more == 255) {
      more = next();
      length += more;
    }
    return length;
  }
}
