package org.kho4j.memory.elf;

import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;

/**
 * A program header of a 64-bit ELF file.
 *
 * @param at offset of the header in the file
 * @param type {@link #LOAD}, {@link #NOTE} or another
 * @param offset of the segment in the file
 * @param virtual virtual address of the segment
 * @param physical physical address; -1 of a segment that has none ({@link #hasAddress})
 * @param inFile bytes of the segment that the file has
 * @param inMemory bytes of the segment
 */
public record ProgramHeader(
    long at, int type, long offset, long virtual, long physical, long inFile, long inMemory) {

  /** Bytes of a program header. */
  public static final int SIZE = 56;

  public static final int LOAD = 1;
  public static final int NOTE = 4;

  private static final long NO_ADDRESS = -1;

  /** Reads the header at an offset, where there are {@link #SIZE} bytes. */
  public static ProgramHeader read(MemorySegment file, long at) {
    return new ProgramHeader(
        at,
        file.get(U32, at),
        file.get(U64, at + 8),
        file.get(U64, at + 16),
        file.get(U64, at + 24),
        file.get(U64, at + 32),
        file.get(U64, at + 40));
  }

  /** Returns whether Linux wrote a physical address: segments for vmalloc and modules have none. */
  public boolean hasAddress() {
    return physical != NO_ADDRESS;
  }

  /**
   * Returns whether the segment has all bytes of a range of virtual addresses.
   *
   * @param bytes at least 1
   */
  public boolean covers(long virtual, int bytes) {
    long distance = virtual - this.virtual;
    return Long.compareUnsigned(distance, inMemory) < 0
        && Long.compareUnsigned(bytes, inMemory - distance) <= 0;
  }
}
