package org.kho4j.preflight.image;

import java.util.Arrays;

/**
 * A byte pattern to search for. Reads few of the searched bytes: mostly every length-th (Horspool).
 */
final class BytePattern {

  private final byte[] pattern;

  /** The distance that the pattern can move when a byte is at its end. */
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

  /**
   * Returns the index of the pattern within the first {@code length} bytes, from a place on, or -1.
   */
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
