package org.kho4j.preflight.image;

import java.util.Arrays;

/**
 * Bytes that are searched for. Looks at few of the others: at every length-th, mostly (Horspool).
 */
final class BytePattern {

  private final byte[] pattern;

  /** How far the pattern can move when that byte is at its end. */
  private final byte[] skip = new byte[256];

  BytePattern(byte[] pattern) {
    this.pattern = pattern;
    Arrays.fill(skip, (byte) pattern.length);
    for (int i = 0; i < pattern.length - 1; i++) {
      skip[pattern[i] & 0xff] = (byte) (pattern.length - 1 - i);
    }
  }

  int length() {
    return pattern.length;
  }

  /** Where it is within the first {@code length} bytes, from a place on, or -1. */
  int find(byte[] bytes, int from, int length) {
    int last = pattern.length - 1;
    byte end = pattern[last];
    int at = from + last;
    while (at < length) {
      byte b = bytes[at];
      if (b == end && Arrays.equals(bytes, at - last, at, pattern, 0, last)) {
        return at - last;
      }
      at += skip[b & 0xff];
    }
    return -1;
  }
}
