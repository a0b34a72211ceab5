package org.kho4j.verify.state;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.wire.HandoverMemory;

/** The pages of RAM that the source does not have: a bit for each page, unless it has all. */
public final class AbsentPages {

  private final PageSpace space;
  private final @Nullable PageBits pages;

  public AbsentPages(HandoverMemory memory, PageSpace space, Arena arena) {
    this.space = space;
    this.pages = memory.isWhole() ? null : new PageBits(space, arena);
    PageBits absent = pages;
    if (absent != null) {
      memory
          .physical()
          .forEachRamRange((address, length) -> absent.add(page(address), pages(address, length)));
      memory
          .physical()
          .forEachRange((address, length) -> absent.remove(page(address), pages(address, length)));
    }
  }

  private long page(long address) {
    return address >>> space.pageSize().shift();
  }

  /** Counts the pages that a range touches. */
  private long pages(long address, long length) {
    return page(address + length - 1) - page(address) + 1;
  }

  /** Counts the absent bytes of a range. */
  public long bytes(long address, long length) {
    PageBits absent = pages;
    if (absent == null || length <= 0) {
      return 0;
    }
    long count = absent.count(page(address), pages(address, length), absent);
    return Math.min(length, count << space.pageSize().shift());
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
