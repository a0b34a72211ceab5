package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U32;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;
import org.kho4j.files.Zeros;

/**
 * Packed bytes. The methods of {@link InputStream} are for libraries; the others throw where the
 * input ends.
 */
final class PackedInput extends InputStream {

  private static final int BUFFER = 1 << 16;

  private final MemorySegment bytes;
  private final byte[] buffer = new byte[BUFFER];

  /** The offset of the buffer in the input. */
  private long start;

  private int at;
  private int end;

  PackedInput(MemorySegment bytes) {
    this.bytes = bytes;
  }

  long position() {
    return start + at;
  }

  long remaining() {
    return bytes.byteSize() - position();
  }

  /** All of the input. */
  MemorySegment bytes() {
    return bytes;
  }

  /** Copies the next bytes, as many as there are and as the target has room for. */
  int readInto(MemorySegment target) {
    int length = (int) Math.min(target.byteSize(), remaining());
    MemorySegment.copy(bytes, position(), target, 0, length);
    seek(position() + length);
    return length;
  }

  @Override
  public int read() {
    return fill() ? buffer[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int piece = Math.min(length, end - at);
    System.arraycopy(buffer, at, target, offset, piece);
    at += piece;
    return piece;
  }

  @Override
  public int available() {
    return (int) Math.min(remaining(), Integer.MAX_VALUE);
  }

  int u8() throws DataFormatException {
    if (!fill()) {
      throw cutOff();
    }
    return buffer[at++] & 0xff;
  }

  int u16() throws DataFormatException {
    return u8() | u8() << 8;
  }

  int u32() throws DataFormatException {
    return u16() | u16() << 16;
  }

  long u64() throws DataFormatException {
    return Integer.toUnsignedLong(u32()) | (long) u32() << 32;
  }

  /** Fills the buffer; returns whether it has another byte. */
  private boolean fill() {
    if (at == end) {
      seek(position());
      end = (int) Math.min(BUFFER, remaining());
      MemorySegment.copy(bytes, JAVA_BYTE, start, buffer, 0, end);
    }
    return at < end;
  }

  /** Continues at another place. */
  void seek(long position) {
    start = position;
    at = 0;
    end = 0;
  }

  /** Returns the next bytes, which are passed over. */
  MemorySegment take(long length) throws DataFormatException {
    if (length < 0 || length > remaining()) {
      throw cutOff();
    }
    MemorySegment taken = bytes.asSlice(position(), length);
    seek(position() + length);
    return taken;
  }

  /** Returns the next 32 bits, little-endian, which are not passed over; 0 where there are none. */
  int peek32() {
    return remaining() < 4 ? 0 : bytes.get(U32, position());
  }

  /**
   * Passes over zeros up to the end: a signature may have padded the file, and a block device is
   * larger than the file on it.
   */
  void requireZerosToTheEnd(String what) throws DataFormatException {
    skipZeros();
    require(remaining() == 0, "other data after the " + what);
  }

  /** Passes over zeros, up to the first other byte or the end. */
  void skipZeros() {
    seek(position() + Zeros.end(bytes.asSlice(position())));
  }

  static void require(boolean holds, String otherwise) throws DataFormatException {
    if (!holds) {
      throw new DataFormatException(otherwise);
    }
  }

  DataFormatException cutOff() {
    return new DataFormatException(
        "the input ends in the middle, after " + bytes.byteSize() + " bytes");
  }
}
