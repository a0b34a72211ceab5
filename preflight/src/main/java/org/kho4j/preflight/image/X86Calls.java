package org.kho4j.preflight.image;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U32;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * Calls in x86-64 code: the first argument is in rdi, the third in edx. Decodes only instructions
 * that compilers put between the arguments of one call; anything else ends the search.
 */
final class X86Calls implements MachineCalls {

  /** Bytes of {@code mov $imm32,%rdi} and of {@code lea disp32(%rip),%rdi}. */
  private static final int LOAD = 7;

  /** Bytes of a call, and of a constant for edx. */
  private static final int SHORTEST = 5;

  private static final int MOV_EDX = 0xba;
  private static final int CALL = 0xe8;

  /** Bytes before the load in which the third argument may be set. */
  private static final int REACH = 32;

  /** Instructions from the third argument to the call. */
  private static final int MAX_INSTRUCTIONS = 12;

  @Override
  public long next(MemorySegment code, long from, long base, long address) {
    for (long at = from; at <= code.byteSize() - LOAD; at++) {
      if (at(code, at) == 0x48 && at(code, at + 1) == 0xc7 && at(code, at + 2) == 0xc7) {
        // The kernel is linked to the top 2 GiB: its addresses are sign-extended.
        if (code.get(U32, at + 3) == address) {
          return at;
        }
      } else if (at(code, at) == 0x48
          && at(code, at + 1) == 0x8d
          && at(code, at + 2) == 0x3d
          && base + at + LOAD + code.get(U32, at + 3) == address) {
        return at;
      }
    }
    return -1;
  }

  @Override
  public OptionalLong thirdArgument(MemorySegment code, long offset) {
    OptionalLong behind = constant(code, offset, offset);
    if (behind.isPresent()) {
      return behind;
    }
    for (long start = offset - SHORTEST; start >= Math.max(0, offset - REACH); start--) {
      if (at(code, start) == MOV_EDX) {
        OptionalLong before = constant(code, start, offset);
        if (before.isPresent()) {
          return before;
        }
      }
    }
    return OptionalLong.empty();
  }

  /**
   * Returns the last constant put into edx from an instruction on until the call; empty if the
   * instructions do not lead over the load at {@code through} to a call.
   */
  private static OptionalLong constant(MemorySegment code, long start, long through) {
    OptionalLong constant = OptionalLong.empty();
    boolean passed = false;
    long at = start;
    for (int i = 0; i < MAX_INSTRUCTIONS && at <= code.byteSize() - SHORTEST; i++) {
      passed |= at == through;
      int opcode = at(code, at);
      if (opcode == CALL) {
        return passed ? constant : OptionalLong.empty();
      }
      if (opcode == MOV_EDX) {
        constant = OptionalLong.of(Integer.toUnsignedLong(code.get(U32, at + 1)));
      }
      int length = length(code, at);
      if (length == 0) {
        return OptionalLong.empty();
      }
      at += length;
    }
    return OptionalLong.empty();
  }

  /**
   * Returns the bytes of an instruction that moves a value between registers, or from memory; else
   * 0.
   */
  private static int length(MemorySegment code, long at) {
    int prefix = (at(code, at) & 0xf0) == 0x40 ? 1 : 0;
    int opcode = at(code, at + prefix);
    if (opcode >= 0xb8 && opcode <= 0xbf && prefix == 0) {
      return 5;
    }
    int modrm = at(code, at + prefix + 1);
    return switch (opcode) {
      case 0x31, 0x33, 0x89 -> modrm >= 0xc0 ? prefix + 2 : 0;
      case 0x8b, 0x8d -> prefix + 1 + operand(code, at + prefix + 1);
      case 0xc7 -> modrm >= 0xc0 ? prefix + 6 : 0;
      default -> 0;
    };
  }

  /** Returns the bytes of a ModRM byte and what belongs to it. */
  private static int operand(MemorySegment code, long at) {
    int modrm = at(code, at);
    int mode = modrm >> 6;
    int base = modrm & 7;
    int sib = mode != 3 && base == 4 ? 1 : 0;
    boolean relative = mode == 0 && base == 5;
    int displacement = mode == 1 ? 1 : mode == 2 || relative ? 4 : 0;
    return 1 + sib + displacement;
  }

  private static int at(MemorySegment code, long at) {
    return code.get(JAVA_BYTE, at) & 0xff;
  }
}
