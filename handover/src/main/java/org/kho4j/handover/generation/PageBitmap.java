package org.kho4j.handover.generation;

import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.BlockBatch;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;

/** A set of the pages of a memory, as a bitmap. A query takes time proportional to its range. */
final class PageBitmap {

  private final long base;
  private final int shift;
  private final long[] words;

  /**
   * Creates an empty set.
   *
   * @throws PreservationException if the memory has more than 2^31 - 1 pages
   */
  PageBitmap(WritableMemory memory, PageSize pageSize) {
    this.base = memory.base();
    this.shift = pageSize.shift();
    long pages = memory.size() >>> shift;
    if (pages > Integer.MAX_VALUE) {
      throw new PreservationException(
          "memory",
          memory.base(),
          "%d bytes of memory are more than %d pages".formatted(memory.size(), Integer.MAX_VALUE));
    }
    this.words = new long[(int) ((pages + Long.SIZE - 1) / Long.SIZE)];
  }

  private long page(long address) {
    return (address - base) >>> shift;
  }

  /** Returns the bits of a word that are within the pages from first up to, not including, end. */
  private static long mask(int word, long first, long end) {
    long from = first >>> 6 == word ? -1L << first : -1L;
    long to = (end - 1) >>> 6 == word ? -1L >>> -end : -1L;
    return from & to;
  }

  /** Returns the bits of pages in one word; 0 if they are in several. */
  private static long maskInWord(long first, long end) {
    return first >>> 6 == (end - 1) >>> 6 ? -1L << first & -1L >>> -end : 0;
  }

  /** Adds the pages of a range in memory. */
  void add(long address, long bytes) {
    long first = page(address);
    long end = page(address + bytes);
    long mask = maskInWord(first, end);
    if (mask != 0) {
      words[(int) (first >>> 6)] |= mask;
      return;
    }
    for (int word = (int) (first >>> 6); word <= (int) ((end - 1) >>> 6); word++) {
      words[word] |= mask(word, first, end);
    }
  }

  /** Removes the pages of a range in memory. */
  void remove(long address, long bytes) {
    long first = page(address);
    long end = page(address + bytes);
    long mask = maskInWord(first, end);
    if (mask != 0) {
      words[(int) (first >>> 6)] &= ~mask;
      return;
    }
    for (int word = (int) (first >>> 6); word <= (int) ((end - 1) >>> 6); word++) {
      words[word] &= ~mask(word, first, end);
    }
  }

  /**
   * Removes the pages of a range in memory.
   *
   * @return whether all of them were in the set; if not, none was removed
   */
  boolean removeAll(long address, long bytes) {
    long first = page(address);
    long mask = maskInWord(first, page(address + bytes));
    if (mask != 0) {
      int word = (int) (first >>> 6);
      long before = words[word];
      words[word] = (~before & mask) == 0 ? before & ~mask : before;
      return (~before & mask) == 0;
    }
    boolean all = hasAll(address, bytes);
    if (all) {
      remove(address, bytes);
    }
    return all;
  }

  /** Returns whether every page that a range in memory touches is in the set. */
  boolean hasAll(long address, long bytes) {
    long first = page(address);
    long end = page(address + bytes - 1) + 1;
    long mask = maskInWord(first, end);
    if (mask != 0) {
      return (~words[(int) (first >>> 6)] & mask) == 0;
    }
    for (int word = (int) (first >>> 6); word <= (int) ((end - 1) >>> 6); word++) {
      if ((~words[word] & mask(word, first, end)) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Finds the first page of the set that a range in memory touches.
   *
   * @return its address, or -1 if there is none
   */
  long firstOf(long address, long bytes) {
    long first = page(address);
    long end = page(address + bytes - 1) + 1;
    for (int word = (int) (first >>> 6); word <= (int) ((end - 1) >>> 6); word++) {
      long found = words[word] & mask(word, first, end);
      if (found != 0) {
        return base + (((long) word << 6 | Long.numberOfTrailingZeros(found)) << shift);
      }
    }
    return -1;
  }

  /** Returns whether every page of the batch is in the set. */
  boolean hasAll(BlockBatch pages) {
    long[] addresses = pages.addresses();
    long found = 1;
    for (int i = 0; i < pages.count(); i++) {
      long page = page(addresses[i]);
      found &= words[(int) (page >>> 6)] >>> page;
    }
    return found != 0;
  }

  /**
   * Adds pages, none of which is in the set.
   *
   * @return whether each of them is in the batch once; if not, none was added
   */
  boolean add(BlockBatch pages) {
    long[] addresses = pages.addresses();
    long found = 0;
    for (int i = 0; i < pages.count(); i++) {
      long page = page(addresses[i]);
      long before = words[(int) (page >>> 6)];
      found |= before >>> page;
      words[(int) (page >>> 6)] = before | 1L << page;
    }
    if ((found & 1) != 0) {
      remove(pages);
      return false;
    }
    return true;
  }

  void remove(BlockBatch pages) {
    long[] addresses = pages.addresses();
    for (int i = 0; i < pages.count(); i++) {
      long page = page(addresses[i]);
      words[(int) (page >>> 6)] &= ~(1L << page);
    }
  }

  /** Visits the runs of pages in the set. */
  void forEachRun(PhysicalMemory.RangeVisitor visitor) {
    long start = -1;
    for (int word = 0; word < words.length; word++) {
      if (words[word] == (start < 0 ? 0 : -1L)) {
        continue;
      }
      for (int bit = 0; bit < Long.SIZE; bit++) {
        boolean there = (words[word] >>> bit & 1) != 0;
        long at = (long) word << 6 | bit;
        if (there && start < 0) {
          start = at;
        } else if (!there && start >= 0) {
          visitor.range(base + (start << shift), (at - start) << shift);
          start = -1;
        }
      }
    }
    if (start >= 0) {
      visitor.range(base + (start << shift), (((long) words.length << 6) - start) << shift);
    }
  }
}
