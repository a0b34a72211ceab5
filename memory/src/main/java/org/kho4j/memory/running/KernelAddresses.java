package org.kho4j.memory.running;

import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Virtual addresses of the kernel. For its direct map, and on x86-64 for its image, the segments of
 * {@code /proc/kcore} have the physical addresses behind them; for vmalloc's area, and with it the
 * image of an arm64 kernel, {@code p_paddr} is -1 (Linux 7.3).
 */
final class KernelAddresses {

  private static final int HEADER_SIZE = 64;
  private static final int PROGRAM_HEADER_SIZE = 56;
  private static final int PT_LOAD = 1;
  private static final long NO_ADDRESS = -1;

  private record Mapped(long virtual, long physical, long length, long offset) {}

  private final List<Mapped> all = new ArrayList<>();

  /**
   * Takes headers that an ELF reader has checked.
   *
   * @param headers of the core
   */
  KernelAddresses(MemorySegment headers) {
    int count = Short.toUnsignedInt(headers.get(U16, 56));
    for (int i = 0; i < count; i++) {
      long at = headers.get(U64, 32) + (long) i * PROGRAM_HEADER_SIZE;
      long physical = headers.get(U64, at + 24);
      if (headers.get(U32, at) == PT_LOAD) {
        all.add(
            new Mapped(
                headers.get(U64, at + 16),
                physical,
                headers.get(U64, at + 40),
                headers.get(U64, at + 8)));
      }
    }
  }

  /** The physical address behind a virtual one, if a segment has it. */
  OptionalLong physical(long virtual) {
    for (Mapped mapped : all) {
      long distance = virtual - mapped.virtual;
      if (mapped.physical != NO_ADDRESS && Long.compareUnsigned(distance, mapped.length) < 0) {
        return OptionalLong.of(mapped.physical + distance);
      }
    }
    return OptionalLong.empty();
  }

  /** Where the file has the bytes at a virtual address, if one segment has all of them. */
  OptionalLong offset(long virtual, int bytes) {
    for (Mapped mapped : all) {
      long distance = virtual - mapped.virtual;
      if (Long.compareUnsigned(distance, mapped.length) < 0 && bytes <= mapped.length - distance) {
        return OptionalLong.of(mapped.offset + distance);
      }
    }
    return OptionalLong.empty();
  }

  /** Bytes of the headers of a core in front of its first note and segment. */
  static long tableEnd(MemorySegment elfHeader) {
    return HEADER_SIZE + (long) Short.toUnsignedInt(elfHeader.get(U16, 56)) * PROGRAM_HEADER_SIZE;
  }
}
