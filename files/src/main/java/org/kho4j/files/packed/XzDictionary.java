package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U32;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Lowers the dictionary size in the header of an xz file to what comes out of it. Linux 7 packs
 * kernels of 13 MB with a dictionary of 128 MiB, which the decoder would allocate and zero.
 *
 * <p>The size comes from the index at the end of the file. The decoder compares the index with the
 * content: a file with a wrong one is refused either way.
 */
final class XzDictionary {

  private static final byte[] MAGIC = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
  private static final int STREAM_HEADER = 12;
  private static final int FOOTER = 12;
  private static final int LZMA2 = 0x21;
  private static final int MAX_CODE = 40;

  private final MemorySegment bytes;
  private long at;

  private XzDictionary(MemorySegment bytes) {
    this.bytes = bytes;
  }

  /** Returns whether these are the first bytes of an xz file. */
  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= MAGIC.length
        && bytes.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) == -1;
  }

  /** Returns the file's first bytes, with another dictionary size where it can be lower. */
  static byte[] start(MemorySegment file) {
    try {
      return new XzDictionary(file).lowered();
    } catch (IndexOutOfBoundsException malformed) {
      return new byte[0];
    }
  }

  private byte[] lowered() {
    long size = unpackedSize();
    at = STREAM_HEADER;
    int headerSize = (next() + 1) * 4;
    int flags = next();
    for (int optional = flags & 0xc0; optional != 0; optional &= optional - 1) {
      number();
    }
    for (int filters = flags & 3; filters > 0; filters--) {
      number();
      long properties = number();
      at += properties;
    }
    if (size < 0 || number() != LZMA2 || number() != 1 || next() > MAX_CODE) {
      return new byte[0];
    }
    int end = STREAM_HEADER + headerSize;
    if (at > end - Integer.BYTES) {
      return new byte[0];
    }
    byte[] start = bytes.asSlice(0, end).toArray(JAVA_BYTE);
    int place = Math.toIntExact(at - 1);
    byte code = 0;
    while (code < start[place] && dictionary(code) < size) {
      code++;
    }
    boolean sound = bytes.get(U32, end - 4) == crc(start, end - 4);
    start[place] = code;
    MemorySegment.ofArray(start).set(U32, end - 4, crc(start, end - 4));
    return sound ? start : new byte[0];
  }

  private static int crc(byte[] start, int end) {
    CRC32 crc = new CRC32();
    crc.update(Arrays.copyOfRange(start, STREAM_HEADER, end));
    return (int) crc.getValue();
  }

  private static long dictionary(int code) {
    return (2L | (code & 1)) << (code / 2 + 11);
  }

  /** Returns the unpacked size in the index of a file of one block, or -1. */
  private long unpackedSize() {
    long footer = bytes.byteSize() - FOOTER;
    at = footer - (Integer.toUnsignedLong(bytes.get(U32, footer + 4)) + 1) * 4;
    if (next() != 0 || number() != 1) {
      return -1;
    }
    number();
    return number();
  }

  private int next() {
    return bytes.get(JAVA_BYTE, at++) & 0xff;
  }

  private long number() {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      int b = next();
      value |= (long) (b & 0x7f) << shift;
      if (b < 0x80) {
        break;
      }
    }
    return value;
  }
}
