package org.kho4j.preflight.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/**
 * A file of lz4's legacy format, as {@code lz4 -l} writes it and the kernel's build does: a magic
 * number, then blocks that each unpack to 8 MiB at most, each behind its packed size.
 */
final class Lz4File implements Decoder {

  static final int MAGIC = 0x184c2102;

  private static final int MAX_BLOCK = 8 << 20;
  private static final int MAX_PACKED = MAX_BLOCK + MAX_BLOCK / 255 + 16;
  private static final int SHORTEST_MATCH = 4;

  private PackedInput in = new PackedInput(MemorySegment.NULL);
  private byte[] block = new byte[0];
  private int at;

  @Override
  public String format() {
    return "lz4";
  }

  @Override
  public long position() {
    return in.position();
  }

  @Override
  public void decode(MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    in = new PackedInput(packed);
    XzFile.require(in.u32() == MAGIC, "no lz4 stream where one should start");
    while (in.remaining() > 0) {
      int size = in.u32();
      if (size == MAGIC) {
        continue;
      }
      XzFile.require(
          size > 0 && size <= MAX_PACKED,
          "an lz4 block of "
              + Integer.toUnsignedString(size)
              + " bytes: "
              + MAX_PACKED
              + " are the most");
      block = in.take(size).toArray(JAVA_BYTE);
      block(out);
    }
  }

  private void block(UnpackedOutput out) throws IOException, DataFormatException {
    long start = out.total();
    MemorySegment bytes = MemorySegment.ofArray(block);
    at = 0;
    while (true) {
      int token = next();
      int literals = length(token >>> 4);
      XzFile.require(literals <= block.length - at, "an lz4 block with more literals than bytes");
      checkSize(out.total() - start, literals);
      out.append(bytes, at, literals);
      at += literals;
      if (at == block.length) {
        return;
      }
      int distance = next() | next() << 8;
      int match = length(token & 15) + SHORTEST_MATCH;
      XzFile.require(
          distance != 0 && distance <= out.total() - start,
          "an lz4 match from " + distance + " back at " + (out.total() - start));
      checkSize(out.total() - start, match);
      out.appendMatch(distance, match);
    }
  }

  private static void checkSize(long made, int more) throws DataFormatException {
    XzFile.require(
        more <= MAX_BLOCK - made, "an lz4 block that unpacks to more than " + MAX_BLOCK + " bytes");
  }

  private int next() throws DataFormatException {
    XzFile.require(at < block.length, "an lz4 block that ends in the middle of a sequence");
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
