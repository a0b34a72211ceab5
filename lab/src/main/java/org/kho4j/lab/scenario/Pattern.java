package org.kho4j.lab.scenario;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.kho4j.handover.Wire;

/** The content that scenarios choose: the same words as {@code lab/guest/init.c} writes. */
public final class Pattern {

  /** By this much the state of a SplittableRandom grows with each word. */
  private static final long STEP = 0x9e3779b97f4a7c15L;

  private Pattern() {}

  /** Fills memory with a seed's words. */
  public static void fill(MemorySegment memory, long seed) {
    SplittableRandom words = new SplittableRandom(seed);
    for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
      memory.set(Wire.U64, at, words.nextLong());
    }
  }

  /**
   * The first byte that is not a seed's, or -1.
   *
   * @param offset of the memory's first byte in the whole, a multiple of 8
   */
  public static long mismatch(MemorySegment memory, long seed, long offset) {
    SplittableRandom words = new SplittableRandom(seed + offset / Long.BYTES * STEP);
    for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
      long word = words.nextLong();
      if (at + Long.BYTES <= memory.byteSize()) {
        if (memory.get(Wire.U64, at) != word) {
          return offset + at;
        }
      }
    }
    return -1;
  }

  /** The first byte that is not zero, or -1. */
  static long nonZero(MemorySegment memory, long offset) {
    for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
      if (memory.get(Wire.U64, at) != 0) {
        return offset + at;
      }
    }
    return -1;
  }
}
