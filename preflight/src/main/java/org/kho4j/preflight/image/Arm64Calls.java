package org.kho4j.preflight.image;

import static org.kho4j.files.LittleEndian.U32;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/** Calls in arm64 code: the first argument is in x0, the third in w2. */
final class Arm64Calls implements MachineCalls {

  private static final long PAGE = -4096;

  /** Instructions read on either side of the one that loads the address. */
  private static final int REACH = 8;

  @Override
  public long next(MemorySegment code, long from, long base, long address) {
    for (long at = (from + 3) & -4; at <= code.byteSize() - 4; at += 4) {
      int word = code.get(U32, at);
      // adr x0, address
      if ((word & 0x9f00001f) == 0x10000000 && base + at + immediate(word) == address) {
        return at;
      }
      // adrp xN, page: the rest is added to x0 by one of the next instructions.
      if ((word & 0x9f000000) == 0x90000000
          && ((base + at) & PAGE) + (immediate(word) << 12) == (address & PAGE)
          && isCompleted(code, at, word & 31, address & ~PAGE)) {
        return at;
      }
    }
    return -1;
  }

  /** Returns the signed 21 bits of adr and adrp. */
  private static long immediate(int word) {
    int immediate = (word << 8 >> 13 << 2) | (word >>> 29 & 3);
    return immediate;
  }

  /**
   * Returns whether an instruction after the one at an offset makes x0 from a register and a
   * constant.
   */
  private static boolean isCompleted(MemorySegment code, long offset, int register, long low) {
    int wanted = 0x91000000 | (int) low << 10 | register << 5;
    for (long at = offset + 4; at <= end(code, offset); at += 4) {
      int word = code.get(U32, at);
      if (word == wanted) {
        return true;
      }
      if (isBranch(word)) {
        return false;
      }
    }
    return false;
  }

  @Override
  public OptionalLong thirdArgument(MemorySegment code, long offset) {
    long start = offset;
    while (start >= 4 && start > offset - 4 * REACH && !isBranch(code.get(U32, start - 4))) {
      start -= 4;
    }
    OptionalLong constant = OptionalLong.empty();
    for (long at = start; at <= end(code, offset); at += 4) {
      int word = code.get(U32, at);
      // movz w2, constant
      if ((word & 0xffe0001f) == 0x52800002) {
        constant = OptionalLong.of(word >>> 5 & 0xffff);
      }
      if (at > offset && isBranch(word)) {
        boolean call = (word & 0xfc000000) == 0x94000000;
        return call ? constant : OptionalLong.empty();
      }
    }
    return OptionalLong.empty();
  }

  private static long end(MemorySegment code, long offset) {
    return Math.min(code.byteSize() - 4, offset + 4 * REACH);
  }

  /** Returns whether an instruction is a branch, a call, a return or a trap. */
  private static boolean isBranch(int word) {
    return (word & 0x7c000000) == 0x14000000 // b, bl
        || (word & 0x7c000000) == 0x34000000 // cbz, cbnz, tbz, tbnz
        || (word & 0xfe000000) == 0x54000000 // b.cond
        || (word & 0xfd000000) == 0xd4000000;
  }
}
