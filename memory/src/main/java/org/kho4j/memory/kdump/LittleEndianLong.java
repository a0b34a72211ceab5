package org.kho4j.memory.kdump;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Eight bytes of an array as a number. */
final class LittleEndianLong {

  private static final VarHandle VIEW =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndianLong() {}

  static long get(byte[] bytes, int at) {
    return (long) VIEW.get(bytes, at);
  }
}
