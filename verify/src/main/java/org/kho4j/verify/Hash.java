package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kho4j.abi.Field;

/** 64 bits of a name: two names that differ have the same once in 2^64. */
final class Hash {

  private Hash() {}

  /** Of the text at a field, up to its NUL. */
  static long of(MemorySegment structure, Field field) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < field.size(); i++) {
      byte next = structure.get(ValueLayout.JAVA_BYTE, field.offset() + i);
      if (next == 0) {
        break;
      }
      hash = (hash ^ (next & 0xff)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return hash;
  }
}
