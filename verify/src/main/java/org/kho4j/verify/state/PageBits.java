package org.kho4j.verify.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A set of pages: off-heap, a bit for each page of a {@link PageSpace}. */
public final class PageBits {

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;

  private final PageSpace space;
  private final MemorySegment words;

  PageBits(PageSpace space, Arena arena) {
    this.space = space;
    this.words = arena.allocate(((long) space.chunks() << PageSpace.CHUNK_SHIFT) / 8 + 8, 8);
  }

  /** Returns the bits themselves, by the page numbers of {@link PageSpace}. */
  public MemorySegment words() {
    return words;
  }

  public boolean has(long page) {
    long number = space.number(page);
    return number >= 0 && ((words.get(WORD, (number >>> 6) << 3) >>> number) & 1) != 0;
  }

  /**
   * Adds pages.
   *
   * @return the first page that was in the set already, or -1
   */
  public long add(long page, long count) {
    long there = -1;
    long end = Math.min(page + count, space.endPage());
    for (long at = page; at < end; ) {
      long pages = toWordEnd(at, end);
      long number = space.number(at);
      if (number < 0) {
        at = nextChunk(at);
        continue;
      }
      long mask = mask(number, pages);
      long word = words.get(WORD, (number >>> 6) << 3);
      if (there < 0 && (word & mask) != 0) {
        there = (at & -64) + Long.numberOfTrailingZeros(word & mask);
      }
      words.set(WORD, (number >>> 6) << 3, word | mask);
      at += pages;
    }
    return there;
  }

  /** Removes pages. */
  void remove(long page, long count) {
    long end = Math.min(page + count, space.endPage());
    for (long at = page; at < end; ) {
      long number = space.number(at);
      if (number < 0) {
        at = nextChunk(at);
        continue;
      }
      long pages = toWordEnd(at, end);
      long offset = (number >>> 6) << 3;
      words.set(WORD, offset, words.get(WORD, offset) & ~mask(number, pages));
      at += pages;
    }
  }

  /**
   * Returns the first of some pages that is in the set, or that is not.
   *
   * @return -1 if there is none; pages without a number are in no set
   */
  long first(long page, long count, boolean present) {
    long end = Math.min(page + count, space.endPage());
    for (long at = page; at < end; ) {
      long number = space.number(at);
      if (number < 0) {
        if (!present) {
          return at;
        }
        at = nextChunk(at);
        continue;
      }
      long pages = toWordEnd(at, end);
      long word = words.get(WORD, (number >>> 6) << 3);
      long found = (present ? word : ~word) & mask(number, pages);
      if (found != 0) {
        return (at & -64) + Long.numberOfTrailingZeros(found);
      }
      at += pages;
    }
    return !present && end < page + count ? Math.max(page, end) : -1;
  }

  /** Counts the pages of a range that are in this set, and not in {@code other}. */
  long count(long page, long count, PageBits other) {
    long sum = 0;
    long end = Math.min(page + count, space.endPage());
    for (long at = page; at < end; ) {
      long number = space.number(at);
      if (number < 0) {
        at = nextChunk(at);
        continue;
      }
      long pages = toWordEnd(at, end);
      long offset = (number >>> 6) << 3;
      long word = words.get(WORD, offset);
      long without = other == this ? 0 : other.words.get(WORD, offset);
      sum += Long.bitCount(word & ~without & mask(number, pages));
      at += pages;
    }
    return sum;
  }

  /** Takes pages that follow each other. */
  @FunctionalInterface
  public interface PageVisitor {
    void run(long page, long count);
  }

  /** Visits the pages that are in this set and not in {@code other}, ascending, in whole runs. */
  public void forEachRunWithout(PageBits other, PageVisitor visitor) {
    long start = -1;
    long end = space.endPage();
    for (long at = 0; at < end; ) {
      long number = space.number(at);
      if (number < 0) {
        at = nextChunk(at);
        continue;
      }
      long offset = (number >>> 6) << 3;
      long word = words.get(WORD, offset) & ~other.words.get(WORD, offset);
      // Chunks begin and end at whole words.
      for (int bit = 0; bit < Long.SIZE; ) {
        boolean inside = start >= 0;
        long next = inside ? ~word : word;
        int to = Math.min(Long.SIZE, Long.numberOfTrailingZeros(next >>> bit) + bit);
        if (to == Long.SIZE) {
          break;
        }
        if (inside) {
          visitor.run(start, at + to - start);
        }
        start = inside ? -1 : at + to;
        bit = to;
      }
      at += Long.SIZE;
      if (start >= 0 && (at >= end || space.number(at) < 0)) {
        visitor.run(start, at - start);
        start = -1;
      }
    }
  }

  private static long toWordEnd(long at, long end) {
    return Math.min(end - at, 64 - (at & 63));
  }

  private static long nextChunk(long at) {
    return ((at >>> PageSpace.CHUNK_SHIFT) + 1) << PageSpace.CHUNK_SHIFT;
  }

  private static long mask(long number, long pages) {
    return (-1L >>> (64 - pages)) << number;
  }
}
