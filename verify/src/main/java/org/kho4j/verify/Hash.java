package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A 64-bit hash of a name: two different names collide once in 2^64. */
final class Hash {

  private Hash() {}

  /** Returns the hash of a text, up to its NUL. */
  static long of(MemorySegment chars) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < chars.byteSize(); i++) {
      byte next = chars.get(ValueLayout.JAVA_BYTE, i);
      if (next == 0) {
        break;
      }
      hash = (hash ^ (next & 0xff)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return hash;
  }
}
