package org.kho4j.memory.zstd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in a byte array. */
final class LittleEndian {

  /** Bytes that an array has beyond its content, so that 8 can be read a little past its end. */
  static final int SLACK = 16;

  private static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static long u64(byte[] bytes, int at) {
    return (long) U64.get(bytes, at);
  }

  static int u16(byte[] bytes, int at) {
    return (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8;
  }

  static int u24(byte[] bytes, int at) {
    return u16(bytes, at) | (bytes[at + 2] & 0xff) << 16;
  }
}
