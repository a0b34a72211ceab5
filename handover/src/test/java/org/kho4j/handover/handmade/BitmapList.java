package org.kho4j.handover.handmade;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.kho4j.abi.PageSize;

/**
 * Writes a preserved map of kho-v1 by the contract (ABI-HISTORY 6.1), with numbers of its own:
 * bitmaps as blocks are preserved, the list of chunks when asked for.
 */
public final class BitmapList {

  private final SparseMemory memory;
  private final int shift;
  private final int bitmapBytes;
  private final int capacity;
  private final long first;
  private final SortedMap<Integer, SortedMap<Long, Long>> bitmaps = new TreeMap<>();
  private long nextPage;
  private long nextBitmap;
  private int parts;

  /**
   * A map whose first chunk is at {@code first}, and whose other parts follow it.
   *
   * @param bitmapBytes 512 or the page size
   */
  public BitmapList(SparseMemory memory, PageSize pageSize, int bitmapBytes, long first) {
    this.memory = memory;
    this.shift = pageSize.shift();
    this.bitmapBytes = bitmapBytes;
    this.capacity = (pageSize.bytes() - 16) / 16;
    this.first = first;
    this.nextPage = first;
    page();
  }

  private long page() {
    long page = nextPage;
    nextPage += 1L << shift;
    memory.zeros(page, 1L << shift);
    return page;
  }

  /** The next bitmap: small ones share a page, of which the first place stays free. */
  private long bitmap() {
    parts++;
    if (bitmapBytes == 1 << shift) {
      return page();
    }
    if ((nextBitmap & ((1L << shift) - 1)) == 0) {
      nextBitmap = page() + bitmapBytes;
    }
    long bitmap = nextBitmap;
    nextBitmap += bitmapBytes;
    return bitmap;
  }

  /** Blocks of a bitmap's bits. */
  private long blocks() {
    return 8L * bitmapBytes;
  }

  public BitmapList preserve(long address, int order) {
    long block = address >>> (shift + order);
    long start = block - block % blocks();
    long bitmap = bitmapOf(order, start << (shift + order));
    long word = bitmap + block % blocks() / 64 * 8;
    memory.put64(word, memory.get64(word) | 1L << block % 64);
    return this;
  }

  /** Address of the bitmap of an order for the blocks from an address on; made if there is none. */
  public long bitmapOf(int order, long start) {
    return bitmaps
        .computeIfAbsent(order, o -> new TreeMap<>())
        .computeIfAbsent(start, s -> bitmap());
  }

  /** Puts a bitmap into the list that is at any address and for any blocks. */
  public BitmapList element(int order, long start, long bitmap) {
    bitmaps.computeIfAbsent(order, o -> new TreeMap<>()).put(start, bitmap);
    parts++;
    return this;
  }

  /**
   * Writes the list.
   *
   * @return the chunks, in order
   */
  public List<Long> finish() {
    List<Long> chunks = new ArrayList<>();
    bitmaps.forEach((order, elements) -> {
      int used = capacity;
      for (var element : elements.entrySet()) {
        if (used == capacity) {
          long chunk = chunks.isEmpty() ? first : page();
          if (!chunks.isEmpty()) {
            memory.put64(chunks.getLast(), chunk);
          }
          chunks.add(chunk);
          memory.put32(chunk + 8, order);
          used = 0;
        }
        long at = chunks.getLast() + 16 + 16L * used;
        memory.put64(at, element.getKey()).put64(at + 8, element.getValue());
        used++;
        memory.put32(chunks.getLast() + 12, used);
      }
    });
    return chunks;
  }

  /** Chunks and bitmaps, once the list is written. */
  public int parts(List<Long> chunks) {
    return parts + chunks.size();
  }
}
