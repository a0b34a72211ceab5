package org.kho4j.files.packed;

import static org.kho4j.files.packed.PackedInput.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A .gz file (RFC 1952): members one after the other, decompressed by the JDK's {@link Inflater}.
 * The JDK's {@code GZIPInputStream} would take any bytes behind the last member.
 */
final class GzipFile implements Decoder {

  private static final int FLAG_CRC = 2;
  private static final int FLAG_EXTRA = 4;
  private static final int FLAG_NAME = 8;
  private static final int FLAG_COMMENT = 16;
  private static final int PIECE = 1 << 16;

  static boolean matches(int magic) {
    return (magic & 0xffffff) == 0x088b1f;
  }

  @Override
  public void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    do {
      header(in);
      member(in, out);
    } while (matches(in.peek32()));
    in.requireZerosToTheEnd("gzip stream");
  }

  private static void header(PackedInput in) throws DataFormatException {
    require(in.u16() == 0x8b1f && in.u8() == 8, "no gzip member where one should start");
    int flags = in.u8();
    require((flags & 0xe0) == 0, "gzip flags of 0x" + Integer.toHexString(flags));
    in.take(6);
    if ((flags & FLAG_EXTRA) != 0) {
      in.take(in.u16());
    }
    for (int flag : new int[] {FLAG_NAME, FLAG_COMMENT}) {
      while ((flags & flag) != 0 && in.u8() != 0) {
        // Passed over.
      }
    }
    if ((flags & FLAG_CRC) != 0) {
      in.u16();
    }
  }

  private static void member(PackedInput in, SparseOutput out)
      throws IOException, DataFormatException {
    long start = out.total();
    CRC32 crc = new CRC32();
    Inflater inflater = new Inflater(true);
    try {
      byte[] piece = new byte[PIECE];
      while (!inflater.finished()) {
        if (inflater.needsInput()) {
          int length = in.read(piece, 0, PIECE);
          if (length < 0) {
            throw in.cutOff();
          }
          inflater.setInput(piece, 0, length);
        }
        ByteBuffer room = out.room();
        int from = room.position();
        int made = inflater.inflate(room);
        require(!inflater.needsDictionary(), "gzip that needs a dictionary");
        crc.update(room.slice(from, made));
      }
      in.seek(in.position() - inflater.getRemaining());
    } finally {
      inflater.end();
    }
    require(in.u32() == (int) crc.getValue(), "gzip whose checksum does not fit its content");
    require(in.u32() == (int) (out.total() - start), "gzip whose length does not fit its content");
  }
}
