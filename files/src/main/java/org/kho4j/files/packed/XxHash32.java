package org.kho4j.files.packed;

import static org.kho4j.files.LittleEndian.U32;

import java.lang.foreign.MemorySegment;

/** The checksum XXH32 with seed 0, which lz4's frames have. */
final class XxHash32 {

  private static final int PRIME_1 = 0x9e3779b1;
  private static final int PRIME_2 = 0x85ebca77;
  private static final int PRIME_3 = 0xc2b2ae3d;
  private static final int PRIME_4 = 0x27d4eb2f;
  private static final int PRIME_5 = 0x165667b1;
  private static final int STRIPE = 16;

  /** They begin as prime 1 and 2 together, prime 2, 0, and prime 1 below 0, in 32 bits. */
  private final int[] lanes = {0x24234428, PRIME_2, 0, 0x61c8864f};

  private final byte[] rest = new byte[STRIPE];
  private int inRest;
  private long total;

  /** Returns the checksum of some bytes. */
  static int of(byte[] bytes) {
    XxHash32 hash = new XxHash32();
    hash.update(bytes, 0, bytes.length);
    return hash.value();
  }

  /** Adds bytes. */
  void update(byte[] bytes, int offset, int length) {
    total += length;
    int at = offset;
    int end = offset + length;
    if (inRest > 0) {
      int piece = Math.min(STRIPE - inRest, length);
      System.arraycopy(bytes, at, rest, inRest, piece);
      inRest += piece;
      at += piece;
      if (inRest < STRIPE) {
        return;
      }
      stripe(MemorySegment.ofArray(rest), 0);
      inRest = 0;
    }
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (; end - at >= STRIPE; at += STRIPE) {
      stripe(segment, at);
    }
    System.arraycopy(bytes, at, rest, 0, end - at);
    inRest = end - at;
  }

  private void stripe(MemorySegment bytes, long at) {
    for (int lane = 0; lane < lanes.length; lane++) {
      int input = bytes.get(U32, at + (long) lane * Integer.BYTES);
      lanes[lane] = Integer.rotateLeft(lanes[lane] + input * PRIME_2, 13) * PRIME_1;
    }
  }

  /** Returns the checksum of all bytes so far. */
  int value() {
    int hash = PRIME_5;
    if (total >= STRIPE) {
      hash =
          Integer.rotateLeft(lanes[0], 1)
              + Integer.rotateLeft(lanes[1], 7)
              + Integer.rotateLeft(lanes[2], 12)
              + Integer.rotateLeft(lanes[3], 18);
    }
    hash += (int) total;
    int at = 0;
    for (; inRest - at >= Integer.BYTES; at += Integer.BYTES) {
      int input = MemorySegment.ofArray(rest).get(U32, at);
      hash = Integer.rotateLeft(hash + input * PRIME_3, 17) * PRIME_4;
    }
    for (; at < inRest; at++) {
      hash = Integer.rotateLeft(hash + (rest[at] & 0xff) * PRIME_5, 11) * PRIME_1;
    }
    hash = (hash ^ (hash >>> 15)) * PRIME_2;
    hash = (hash ^ (hash >>> 13)) * PRIME_3;
    return hash ^ (hash >>> 16);
  }
}
