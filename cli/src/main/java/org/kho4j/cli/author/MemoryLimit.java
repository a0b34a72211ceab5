package org.kho4j.cli.author;

import java.util.Optional;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.PageAllocator;

/** The most memory of a machine whose RAM file can be written. */
public final class MemoryLimit {

  /** Half of the addresses of a process on x86-64, which maps all of the file. */
  private static final long BYTES = 64L << 40;

  /** A generation numbers the pages of its memory with an int. */
  private static final long PAGES = 1L << 31;

  /** Heap of a page allocator for a block of the largest order: a little over 2 bits a page. */
  private static final long ALLOCATOR = 70 << 10;

  /** Heap of a generation's two sets of pages for a block of the largest order: 2 bits a page. */
  private static final long PAGE_SETS = 64 << 10;

  /** At most one part in so many of -Xmx is a survivor space, which maxMemory() does not count. */
  private static final long SURVIVORS = 16;

  private MemoryLimit() {}

  /**
   * Returns why a RAM file cannot have that much memory; empty if it can.
   *
   * @param memory bytes of memory, which a generation owns
   * @param pool bytes of it that another page allocator has as well
   */
  public static Optional<String> refusal(PageSize pageSize, long memory, long pool) {
    long end = Math.min(BYTES, PAGES << pageSize.shift());
    if (memory >= end) {
      return Optional.of(
          "%s of memory in pages of %s, but a RAM file has less than %s"
              .formatted(Units.size(memory), pageSize, Units.size(end)));
    }
    long block = pageSize.blockBytes(PageAllocator.MAX_ORDER);
    long heap =
        Math.ceilDiv(memory, block) * (ALLOCATOR + PAGE_SETS)
            + Math.ceilDiv(pool, block) * ALLOCATOR;
    long needed = heap + heap / 8; // the rest of the command
    long present = Runtime.getRuntime().maxMemory();
    return needed <= present
        ? Optional.empty()
        : Optional.of(
            "%s of memory needs a heap of %s, but this one has %s: set KHO_JAVA_OPTS=-Xmx%dm"
                .formatted(
                    Units.size(memory),
                    Units.size(needed),
                    Units.size(present),
                    Math.ceilDiv(needed + needed / SURVIVORS, 1 << 20) + 1));
  }
}
