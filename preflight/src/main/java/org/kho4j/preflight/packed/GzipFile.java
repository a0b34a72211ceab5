package org.kho4j.preflight.packed;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/** A .gz file (RFC 1952): members one after the other, decompressed by the JDK. */
final class GzipFile implements Decoder {

  private static final int FLAG_CRC = 2;
  private static final int FLAG_EXTRA = 4;
  private static final int FLAG_NAME = 8;
  private static final int FLAG_COMMENT = 16;
  private static final int PIECE = 1 << 16;

  private long position;

  @Override
  public String format() {
    return "gzip";
  }

  @Override
  public long position() {
    return position;
  }

  static boolean matches(int magic) {
    return (magic & 0xffffff) == 0x088b1f;
  }

  @Override
  public void decode(MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    PackedInput in = new PackedInput(packed);
    try {
      do {
        header(in);
        member(in, packed, out);
      } while (in.remaining() >= 4 && matches(in.peek32()));
      // What signs a file may pad it with zeros; anything else behind the last member is not ours.
      while (in.remaining() > 0) {
        XzFile.require(in.u8() == 0, "something else behind the gzip stream");
      }
    } finally {
      position = in.position();
    }
  }

  private static void header(PackedInput in) throws DataFormatException {
    XzFile.require(in.u16() == 0x8b1f && in.u8() == 8, "no gzip member where one should start");
    int flags = in.u8();
    XzFile.require((flags & 0xe0) == 0, "gzip flags of 0x" + Integer.toHexString(flags));
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

  private static void member(PackedInput in, MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    long start = out.total();
    CRC32 crc = new CRC32();
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(
          packed
              .asSlice(in.position(), Math.min(in.remaining(), Integer.MAX_VALUE))
              .asByteBuffer());
      while (!inflater.finished()) {
        out.reserve(PIECE);
        int made = inflater.inflate(out.buffer, out.used, PIECE);
        if (made == 0 && !inflater.finished()) {
          XzFile.require(!inflater.needsDictionary(), "gzip that needs a dictionary");
          throw in.cutOff();
        }
        crc.update(out.buffer, out.used, made);
        out.used += made;
      }
    } finally {
      in.take(inflater.getBytesRead());
      inflater.end();
    }
    XzFile.require(
        in.u32() == (int) crc.getValue(), "gzip whose checksum does not fit its content");
    XzFile.require(
        in.u32() == (int) (out.total() - start), "gzip whose length does not fit its content");
  }
}
