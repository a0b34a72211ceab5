package org.kho4j.preflight.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;

/** Packed bytes, read one after the other through an array. Its end is an error. */
final class PackedInput {

  private static final int BUFFER = 1 << 16;
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment bytes;
  private final byte[] buffer = new byte[BUFFER];

  /** Where in the input the buffer starts. */
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

  int u8() throws DataFormatException {
    if (at == end) {
      fill();
    }
    return buffer[at++] & 0xff;
  }

  int u16() throws DataFormatException {
    return u8() | u8() << 8;
  }

  int u32() throws DataFormatException {
    return u16() | u16() << 16;
  }

  int u32BigEndian() throws DataFormatException {
    return Integer.reverseBytes(u32());
  }

  private void fill() throws DataFormatException {
    seek(start + at);
    if (end == 0) {
      throw cutOff();
    }
  }

  private void seek(long position) {
    start = position;
    at = 0;
    end = (int) Math.min(BUFFER, bytes.byteSize() - position);
    MemorySegment.copy(bytes, JAVA_BYTE, position, buffer, 0, end);
  }

  /** The next bytes, which are passed over. */
  MemorySegment take(long length) throws DataFormatException {
    if (length < 0 || length > remaining()) {
      throw cutOff();
    }
    MemorySegment taken = bytes.asSlice(position(), length);
    seek(position() + length);
    return taken;
  }

  /** The next 32 bits, little-endian, which are not passed over; 0 where there are none. */
  int peek32() {
    return remaining() < 4 ? 0 : bytes.get(U32, position());
  }

  DataFormatException cutOff() {
    return new DataFormatException(
        "the input ends in the middle, after " + bytes.byteSize() + " bytes");
  }
}
