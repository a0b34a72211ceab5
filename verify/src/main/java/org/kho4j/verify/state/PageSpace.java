package org.kho4j.verify.state;

import java.util.Arrays;
import org.kho4j.abi.PageSize;
import org.kho4j.memory.PhysicalMemory;

/**
 * Numbers the pages of RAM without gaps, present or not, so that a bit for each page costs nothing
 * where there is no RAM. Pages are numbered in chunks of 32,768: a chunk with any RAM counts as a
 * whole.
 */
public final class PageSpace {

  public static final int CHUNK_SHIFT = 15;
  private static final long CHUNK_MASK = (1L << CHUNK_SHIFT) - 1;

  /** No machine has memory beyond: 128 TiB in 4K pages. */
  private static final int MAX_CHUNKS = 1 << 20;

  private final PageSize pageSize;
  private int[] chunks = new int[0];
  private int used;
  private long end;

  public PageSpace(PhysicalMemory memory, PageSize pageSize) {
    this.pageSize = pageSize;
    memory.forEachRamRange(this::add);
  }

  private void add(long address, long length) {
    int shift = pageSize.shift() + CHUNK_SHIFT;
    long first = address >>> shift;
    long last = (address + length - 1) >>> shift;
    for (long chunk = first; chunk <= last && chunk < MAX_CHUNKS; chunk++) {
      if (chunk >= chunks.length) {
        int size = (int) Math.min(MAX_CHUNKS, Math.max(chunk + 1, chunks.length * 2L));
        int old = chunks.length;
        chunks = Arrays.copyOf(chunks, size);
        Arrays.fill(chunks, old, size, -1);
      }
      if (chunks[(int) chunk] < 0) {
        chunks[(int) chunk] = used++;
      }
    }
    end = Math.max(end, address + length);
  }

  public PageSize pageSize() {
    return pageSize;
  }

  /** Returns the end of RAM. */
  public long end() {
    return end;
  }

  /** Returns the number of chunks with RAM. */
  public int chunks() {
    return used;
  }

  /** Returns the number of pages up to the last that can have a number. */
  public long endPage() {
    return (long) chunks.length << CHUNK_SHIFT;
  }

  /** Returns the page's number; -1 if neither the page nor its chunk has RAM. */
  public long number(long page) {
    long chunk = page >>> CHUNK_SHIFT;
    if (chunk >= chunks.length || chunk < 0) {
      return -1;
    }
    int number = chunks[(int) chunk];
    return number < 0 ? -1 : ((long) number << CHUNK_SHIFT) | (page & CHUNK_MASK);
  }
}
