package org.kho4j.preflight.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Checksum;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.kdump.Lzo1x;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/** A file of lzop: a header, then blocks of LZO1X, each behind its sizes and sums; big-endian. */
final class LzopFile implements Decoder {

  private static final byte[] MAGIC = {(byte) 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'};

  /** What lzop writes: larger ones would only be made to cost memory. */
  private static final int MAX_HELD = 8 << 20;

  private static final int ADLER_OF_CONTENT = 1;
  private static final int ADLER_OF_PACKED = 2;
  private static final int EXTRA_FIELD = 0x40;
  private static final int CRC_OF_CONTENT = 0x100;
  private static final int CRC_OF_PACKED = 0x200;
  private static final int MULTIPART = 0x400;
  private static final int FILTERED = 0x800;

  private PackedInput in = new PackedInput(MemorySegment.NULL);

  @Override
  public String format() {
    return "lzo";
  }

  @Override
  public long position() {
    return in.position();
  }

  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= MAGIC.length
        && bytes.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) == -1;
  }

  @Override
  public void decode(MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    in = new PackedInput(packed);
    for (byte b : MAGIC) {
      XzFile.require(in.u8() == (b & 0xff), "no lzop file where one should start");
    }
    int flags = header();
    for (int size = in.u32BigEndian(); size != 0; size = in.u32BigEndian()) {
      block(out, size, flags);
    }
    XzFile.require(in.remaining() == 0, "something else behind the lzop file");
  }

  private int header() throws DataFormatException {
    int version = u16BigEndian();
    u16BigEndian();
    XzFile.require(version >= 0x940, "an lzop file of version 0x" + Integer.toHexString(version));
    u16BigEndian();
    int method = in.u8();
    XzFile.require(method >= 1 && method <= 3, "an lzop file of method " + method);
    in.u8();
    int flags = in.u32BigEndian();
    XzFile.require(
        (flags & (MULTIPART | FILTERED)) == 0,
        "lzop flags of 0x" + Integer.toHexString(flags) + ": parts and filters are not read");
    in.take(12);
    in.take(in.u8());
    in.u32();
    if ((flags & EXTRA_FIELD) != 0) {
      in.take(Integer.toUnsignedLong(in.u32BigEndian()));
      in.u32();
    }
    return flags;
  }

  private int u16BigEndian() throws DataFormatException {
    return in.u8() << 8 | in.u8();
  }

  private void block(UnpackedOutput out, int size, int flags)
      throws IOException, DataFormatException {
    int packedSize = in.u32BigEndian();
    XzFile.require(
        size > 0 && size <= MAX_HELD && packedSize > 0 && packedSize <= size,
        "an lzop block of "
            + Integer.toUnsignedString(size)
            + " bytes packed into "
            + Integer.toUnsignedString(packedSize)
            + ": "
            + MAX_HELD
            + " are the most");
    int adler = (flags & ADLER_OF_CONTENT) != 0 ? in.u32BigEndian() : 0;
    int crc = (flags & CRC_OF_CONTENT) != 0 ? in.u32BigEndian() : 0;
    boolean isPacked = packedSize < size;
    if (isPacked && (flags & ADLER_OF_PACKED) != 0) {
      in.u32();
    }
    if (isPacked && (flags & CRC_OF_PACKED) != 0) {
      in.u32();
    }
    byte[] packed = in.take(packedSize).toArray(JAVA_BYTE);
    byte[] content = packed;
    if (isPacked) {
      content = new byte[size];
      int made = Lzo1x.decode(packed, packedSize, content);
      XzFile.require(made == size, "an lzop block of " + made + " bytes, its header says " + size);
    }
    check((flags & ADLER_OF_CONTENT) != 0 ? new Adler32() : null, content, adler);
    check((flags & CRC_OF_CONTENT) != 0 ? new CRC32() : null, content, crc);
    out.append(MemorySegment.ofArray(content), 0, size);
  }

  private static void check(@Nullable Checksum sum, byte[] content, int expected)
      throws DataFormatException {
    if (sum != null) {
      sum.update(content);
      XzFile.require((int) sum.getValue() == expected, "an lzop block whose sum does not fit");
    }
  }
}
