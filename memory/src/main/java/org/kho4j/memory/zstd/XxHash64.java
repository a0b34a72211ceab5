package org.kho4j.memory.zstd;

/** XXH64 with seed 0, over bytes that come piece by piece. */
final class XxHash64 {

  private static final long P1 = 0x9E3779B185EBCA87L;
  private static final long P2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P3 = 0x165667B19E3779F9L;
  private static final long P4 = 0x85EBCA77C2B2AE63L;
  private static final long P5 = 0x27D4EB2F165667C5L;

  private static final long P1_PLUS_P2 = 0x60EA27EEADC0B5D6L;

  private static final int STRIPE = 32;

  /** Stripes a call: short calls, many of them, are compiled early in a JVM's life. */
  private static final int PIECE = 32;

  private final byte[] pending = new byte[STRIPE];
  private int pendingUsed;
  private long total;
  private long v1;
  private long v2;
  private long v3;
  private long v4;

  void reset() {
    pendingUsed = 0;
    total = 0;
    v1 = P1_PLUS_P2;
    v2 = P2;
    v3 = 0;
    v4 = -P1;
  }

  void update(byte[] bytes, int at, int length) {
    total += length;
    int end = at + length;
    if (pendingUsed > 0) {
      int take = Math.min(length, STRIPE - pendingUsed);
      System.arraycopy(bytes, at, pending, pendingUsed, take);
      pendingUsed += take;
      at += take;
      if (pendingUsed < STRIPE) {
        return;
      }
      stripes(pending, 0, STRIPE);
      pendingUsed = 0;
    }
    while (end - at >= STRIPE) {
      int piece = Math.min((end - at) & -STRIPE, PIECE * STRIPE);
      stripes(bytes, at, at + piece);
      at += piece;
    }
    System.arraycopy(bytes, at, pending, 0, end - at);
    pendingUsed = end - at;
  }

  /** The same as an update with zeros, without reading any. */
  void zeros(int length) {
    while (length > 0 && (pendingUsed > 0 || length < STRIPE)) {
      pending[pendingUsed++] = 0;
      total++;
      length--;
      if (pendingUsed == STRIPE) {
        stripes(pending, 0, STRIPE);
        pendingUsed = 0;
      }
    }
    total += length & -STRIPE;
    for (int left = length / STRIPE; left > 0; left -= PIECE) {
      zeroStripes(Math.min(left, PIECE));
    }
    for (int i = length & STRIPE - 1; i > 0; i--) {
      pending[pendingUsed++] = 0;
      total++;
    }
  }

  private void zeroStripes(int count) {
    long a = v1;
    long b = v2;
    long c = v3;
    long d = v4;
    for (int i = 0; i < count; i++) {
      a = Long.rotateLeft(a, 31) * P1;
      b = Long.rotateLeft(b, 31) * P1;
      c = Long.rotateLeft(c, 31) * P1;
      d = Long.rotateLeft(d, 31) * P1;
    }
    v1 = a;
    v2 = b;
    v3 = c;
    v4 = d;
  }

  private void stripes(byte[] bytes, int at, int end) {
    long a = v1;
    long b = v2;
    long c = v3;
    long d = v4;
    for (; at < end; at += STRIPE) {
      a = round(a, LittleEndian.u64(bytes, at));
      b = round(b, LittleEndian.u64(bytes, at + 8));
      c = round(c, LittleEndian.u64(bytes, at + 16));
      d = round(d, LittleEndian.u64(bytes, at + 24));
    }
    v1 = a;
    v2 = b;
    v3 = c;
    v4 = d;
  }

  private static long round(long v, long input) {
    return Long.rotateLeft(v + input * P2, 31) * P1;
  }

  long digest() {
    long h;
    if (total >= STRIPE) {
      h =
          Long.rotateLeft(v1, 1)
              + Long.rotateLeft(v2, 7)
              + Long.rotateLeft(v3, 12)
              + Long.rotateLeft(v4, 18);
      h = (h ^ round(0, v1)) * P1 + P4;
      h = (h ^ round(0, v2)) * P1 + P4;
      h = (h ^ round(0, v3)) * P1 + P4;
      h = (h ^ round(0, v4)) * P1 + P4;
    } else {
      h = P5;
    }
    h += total;
    int at = 0;
    for (; pendingUsed - at >= 8; at += 8) {
      h = Long.rotateLeft(h ^ round(0, LittleEndian.u64(pending, at)), 27) * P1 + P4;
    }
    if (pendingUsed - at >= 4) {
      long word = (LittleEndian.u16(pending, at) | (long) LittleEndian.u16(pending, at + 2) << 16);
      h = Long.rotateLeft(h ^ word * P1, 23) * P2 + P3;
      at += 4;
    }
    for (; at < pendingUsed; at++) {
      h = Long.rotateLeft(h ^ (pending[at] & 0xff) * P5, 11) * P1;
    }
    h = (h ^ h >>> 33) * P2;
    h = (h ^ h >>> 29) * P3;
    return h ^ h >>> 32;
  }
}
