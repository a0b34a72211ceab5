package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.packed.PackedInput.require;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import java.util.zip.DataFormatException;

/**
 * A compressed file of AVML (version 2): the ranges of a LiME file, the bytes of each in snappy's
 * framing format. It unpacks to the LiME file that AVML writes without compression (version 1).
 *
 * <pre>
 * range   u32 "AVML", u32 version (2), u64 first address, u64 last address, u64 0
 *         snappy: chunks of u8 type, u24 length, the chunk
 *         u64 bytes of the chunks
 * </pre>
 */
final class AvmlFile implements Decoder {

  static final int MAGIC = 0x4c4d5641;

  private static final int LIME_MAGIC = 0x4c694d45;
  private static final int LIME_HEADER = 32;
  private static final int COMPRESSED = 0x00;
  private static final int PLAIN = 0x01;
  private static final int FIRST_SKIPPABLE = 0x80;
  private static final int IDENTIFIER = 0xff;
  private static final String NAME = "sNaPpY";

  /** Most bytes that a chunk decompresses to. */
  private static final int MAX_CHUNK = 1 << 16;

  /** Added to a checksum after its rotation. */
  private static final int MASK = 0xa282ead8;

  private final SnappyPage snappy = new SnappyPage();
  private final byte[] content = new byte[MAX_CHUNK];

  @Override
  public void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    do {
      range(in, out);
    } while (in.peek32() != 0);
    in.requireZerosToTheEnd("last AVML range");
  }

  private void range(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    require(in.u32() == MAGIC, "no AVML header where one should start");
    int version = in.u32();
    require(
        version == 2, "AVML version " + Integer.toUnsignedString(version) + ": 1 and 2 are read");
    long first = in.u64();
    long last = in.u64();
    require(
        first >= 0 && last >= first && last < Long.MAX_VALUE && in.u64() == 0,
        "an AVML range from 0x%x to 0x%x".formatted(first, last));
    ByteBuffer header = ByteBuffer.allocate(LIME_HEADER).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(LIME_MAGIC).putInt(1).putLong(first).putLong(last);
    out.write(header.array(), 0, LIME_HEADER);
    long begin = in.position();
    require(in.u8() == IDENTIFIER, "an AVML range that does not begin as snappy does");
    identifier(in);
    for (long left = last - first + 1; left > 0; ) {
      int made = chunk(in);
      require(made <= left, "an AVML range with more bytes than its addresses");
      out.write(content, 0, made);
      left -= made;
    }
    long chunks = in.position() - begin;
    require(in.u64() == chunks, "an AVML range whose length does not fit its content");
  }

  private static void identifier(PackedInput in) throws DataFormatException {
    MemorySegment name = MemorySegment.ofArray(NAME.getBytes(StandardCharsets.US_ASCII));
    require(in.take(u24(in)).mismatch(name) < 0, "another framing format than that of snappy");
  }

  private static int u24(PackedInput in) throws DataFormatException {
    return in.u16() | in.u8() << 16;
  }

  /** Decompresses a chunk, and returns how many bytes it has. */
  private int chunk(PackedInput in) throws DataFormatException {
    int type = in.u8();
    if (type == IDENTIFIER) {
      identifier(in);
      return 0;
    }
    int length = u24(in);
    if (type >= FIRST_SKIPPABLE) {
      in.take(length);
      return 0;
    }
    require(
        (type == COMPRESSED || type == PLAIN) && length >= Integer.BYTES,
        "a snappy chunk of type 0x%02x with %d bytes".formatted(type, length));
    int checksum = in.u32();
    byte[] bytes = in.take(length - Integer.BYTES).toArray(JAVA_BYTE);
    int made = bytes.length;
    if (type == COMPRESSED) {
      made = snappy.decompress(bytes, bytes.length, content);
    } else {
      require(made <= MAX_CHUNK, "a snappy chunk of " + made + " bytes");
      MemorySegment.copy(MemorySegment.ofArray(bytes), 0, MemorySegment.ofArray(content), 0, made);
    }
    CRC32C crc = new CRC32C();
    crc.update(content, 0, made);
    require(
        checksum == Integer.rotateRight((int) crc.getValue(), 15) + MASK,
        "a snappy chunk that does not fit its checksum");
    return made;
  }
}
