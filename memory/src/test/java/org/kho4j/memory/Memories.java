package org.kho4j.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Looks at memory as a whole, for assertions. */
public final class Memories {

  private Memories() {}

  /** All runs, as "0x1000+0x2000". */
  public static List<String> ranges(PhysicalMemory memory) {
    return of(memory::forEachRange);
  }

  /** All runs of RAM. */
  public static List<String> ramRanges(PhysicalMemory memory) {
    return of(memory::forEachRamRange);
  }

  /** All runs that may hold anything but zeros. */
  public static List<String> dataRanges(PhysicalMemory memory) {
    return of(memory::forEachDataRange);
  }

  private static List<String> of(Consumer<PhysicalMemory.RangeVisitor> visit) {
    List<String> ranges = new ArrayList<>();
    visit.accept(
        (address, length) ->
            ranges.add("0x" + Long.toHexString(address) + "+0x" + Long.toHexString(length)));
    return ranges;
  }

  /** A copy of bytes. */
  public static byte[] bytes(PhysicalMemory memory, long address, long length) {
    return memory.read(address, length).toArray(JAVA_BYTE);
  }
}
