package org.kho4j.verify.state;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.memory.PhysicalMemory;

/**
 * The pages of RAM that the source does not have, or not as a whole: a bit for each page, unless it
 * has all.
 */
public final class AbsentPages {

  private final PageSpace space;
  private final PhysicalMemory physical;
  private final @Nullable PageBits pages;

  public AbsentPages(HandoverMemory memory, PageSpace space, Arena arena) {
    this.space = space;
    this.physical = memory.physical();
    this.pages = memory.isWhole() ? null : new PageBits(space, arena);
    PageBits absent = pages;
    if (absent != null) {
      physical.forEachRamRange(
          (address, length) -> absent.add(page(address), pages(address, length)));
      physical.forEachRange((address, length) -> {
        long end = address + length;
        long first = page(address) + (isCut(address, address - 1) ? 1 : 0);
        absent.remove(first, page(end - 1) + 1 - (isCut(end, end) ? 1 : 0) - first);
      });
    }
  }

  /** Returns whether a bound of present memory is within a page whose RAM goes on behind it. */
  private boolean isCut(long bound, long behind) {
    return !space.pageSize().isAligned(bound) && physical.isRam(behind, 1);
  }

  private long page(long address) {
    return address >>> space.pageSize().shift();
  }

  /** Counts the pages that a range touches. */
  private long pages(long address, long length) {
    return page(address + length - 1) - page(address) + 1;
  }

  /** Counts the absent bytes of a range: a part of a page is absent or present as a whole. */
  public long bytes(long address, long length) {
    PageBits absent = pages;
    long end = address + length;
    if (absent == null || length <= 0 || address < 0 || end < 0) {
      return 0;
    }
    long mask = space.pageSize().bytes() - 1L;
    long inner = Math.min(end, (address + mask) & ~mask);
    long innerEnd = Math.max(inner, end & ~mask);
    long count =
        inner < innerEnd ? absent.count(page(inner), page(innerEnd) - page(inner), absent) : 0;
    return part(absent, address, inner)
        + (count << space.pageSize().shift())
        + part(absent, innerEnd, end);
  }

  /** Counts the absent bytes of a part of a page. */
  private long part(PageBits absent, long start, long end) {
    return start < end && absent.has(page(start)) && !physical.contains(start, end - start)
        ? end - start
        : 0;
  }

  /**
   * Counts the absent pages of 64.
   *
   * @param offset of their bits in the words of a {@link PageBits}
   * @param mask the bits of the pages
   */
  public long count(long offset, long mask) {
    PageBits absent = pages;
    return absent == null
        ? 0
        : Long.bitCount(absent.words().get(ValueLayout.JAVA_LONG, offset) & mask);
  }
}
