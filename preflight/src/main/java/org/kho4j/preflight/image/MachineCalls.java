package org.kho4j.preflight.image;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/** A call in machine code whose first argument is an address. */
interface MachineCalls {

  /**
   * Returns the offset of the next instruction that loads an address as the first argument, or -1.
   *
   * @param code machine code
   * @param from the first offset to look at
   * @param base the virtual address of the code's first byte
   */
  long next(MemorySegment code, long from, long base, long address);

  /**
   * Returns the third argument of the call that the instruction at an offset is for, if constant.
   */
  OptionalLong thirdArgument(MemorySegment code, long offset);
}
