package org.kho4j.handover;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.kho4j.fdt.Fdt;
import org.kho4j.memory.MemoryScan;
import org.kho4j.memory.PhysicalMemory;

/**
 * Finds the pages that start with the magic number of a device tree, and pass a closer look.
 *
 * @param addresses of the pages, ascending
 * @param more whether there are more, which were not looked for
 */
record MagicScan(List<Long> addresses, boolean more) {

  private static final ValueLayout.OfInt MAGIC =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** A source with more such pages is made of them, and real memory has a handful. */
  private static final int MAX_FOUND = 1024;

  /**
   * Looks at every page, without those that are known to be zeros.
   *
   * @param look whether a page with the magic number is one to find; called by any thread
   * @param progress told how many more bytes were looked at, by any thread
   */
  static MagicScan of(PhysicalMemory memory, LongPredicate look, LongConsumer progress) {
    ConcurrentSkipListSet<Long> found = new ConcurrentSkipListSet<>();
    AtomicInteger count = new AtomicInteger();
    MemoryScan.scan(
        memory,
        (bytes, address) -> {
          for (long at = 0; at + Integer.BYTES <= bytes.byteSize(); at += MemoryScan.STEP) {
            if (bytes.get(MAGIC, at) == Fdt.MAGIC
                && look.test(address + at)
                && count.getAndIncrement() <= MAX_FOUND) {
              found.add(address + at);
            }
          }
          return count.get() <= MAX_FOUND;
        },
        progress);
    return new MagicScan(found.stream().limit(MAX_FOUND).toList(), count.get() > MAX_FOUND);
  }
}
