package org.kho4j.handover.pages;

import java.util.Arrays;
import java.util.List;
import org.kho4j.abi.PageSize;

/**
 * Numbers the pages of address ranges without the holes between them. Space is cut into chunks of
 * the largest block; chunks that hold no memory have no numbers, so the cost depends on the amount
 * of memory alone, not on the holes.
 */
final class PageNumbers {

  /** Bits of a physical address: neither x86-64 nor arm64 has more. */
  static final int ADDRESS_BITS = 52;

  static final long NONE = -1;

  private static final int ABSENT = -1;
  private static final int MAX_CHUNKS = 1 << 18;

  private final PageSize pageSize;
  private final int chunkShift;
  private final long firstChunk;
  private final int[] numbers;
  private final long[] chunks;

  PageNumbers(PageSize pageSize, List<AddressRange> ranges) {
    this.pageSize = pageSize;
    this.chunkShift = pageSize.shift() + FreeTree.MAX_ORDER;
    long first = Long.MAX_VALUE;
    long last = 0;
    for (AddressRange range : ranges) {
      if (range.end() > 1L << ADDRESS_BITS) {
        throw new IllegalArgumentException(
            range + " ends beyond the " + ADDRESS_BITS + " bits of a physical address");
      }
      first = Math.min(first, range.address() >>> chunkShift);
      last = Math.max(last, (range.end() - 1) >>> chunkShift);
    }
    this.firstChunk = first;
    this.numbers = new int[(int) (last - first + 1)];
    Arrays.fill(numbers, ABSENT);
    for (AddressRange range : ranges) {
      Arrays.fill(numbers, slot(range.address()), slot(range.end() - 1) + 1, 0);
    }
    long[] found = new long[numbers.length];
    int count = 0;
    for (int slot = 0; slot < numbers.length; slot++) {
      if (numbers[slot] != ABSENT) {
        numbers[slot] = count;
        found[count++] = firstChunk + slot;
      }
    }
    if (count > MAX_CHUNKS) {
      throw new IllegalArgumentException(
          "the ranges touch %d chunks of 2^%d pages, at most %d can be kept"
              .formatted(count, FreeTree.MAX_ORDER, MAX_CHUNKS));
    }
    this.chunks = Arrays.copyOf(found, count);
  }

  int chunkCount() {
    return chunks.length;
  }

  /** Returns the number of the page that holds an address, or {@link #NONE}. */
  long page(long address) {
    long slot = (address >>> chunkShift) - firstChunk;
    if (slot < 0 || slot >= numbers.length || numbers[(int) slot] == ABSENT) {
      return NONE;
    }
    long inChunk = address >>> pageSize.shift() & (FreeTree.CHUNK_PAGES - 1);
    return (long) numbers[(int) slot] << FreeTree.MAX_ORDER | inChunk;
  }

  /** Returns the address of a page that has a number. */
  long address(long page) {
    return chunks[(int) (page >>> FreeTree.MAX_ORDER)] << chunkShift
        | (page & (FreeTree.CHUNK_PAGES - 1)) << pageSize.shift();
  }

  private int slot(long address) {
    return (int) ((address >>> chunkShift) - firstChunk);
  }
}
