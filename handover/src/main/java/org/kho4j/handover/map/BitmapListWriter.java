package org.kho4j.handover.map;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.KhoserMemChunk;
import org.kho4j.handover.wire.StructureView;

/**
 * The map of kho-v1: bitmaps are made and changed all the time, the chunks that list them when the
 * handover is finalized. Small bitmaps share pages, and the first of each page is used last: a
 * bitmap that is not at a page's start shows a reader that it is small.
 */
final class BitmapListWriter extends MapWriter {

  private final int bitmapBytes;
  private final int bitmapBits;
  // Where the bitmaps are, by the key of their bit 0; the highest order has the lowest keys.
  private final SortedMap<Long, Long> bitmaps = new TreeMap<>();

  // The page that small bitmaps are taken from, and how many were.
  private long shared;
  private int sharedUsed;
  private int sharedPages;

  BitmapListWriter(MapPages pages, MapForm form) {
    super(pages, form.bitmapBits(pages.pageSize()), form.maxBitmapOrder(pages.pageSize()));
    this.bitmapBits = form.bitmapBits(pageSize);
    this.bitmapBytes = form.bitmapBytes(pageSize);
    this.sharedUsed = perPage();
  }

  static BitmapListWriter of(MapPages pages, PreservedMap map) {
    BitmapListWriter writer = new BitmapListWriter(pages, map.form());
    map.forEachNode((address, level, key) -> {
      if (level == 0) {
        writer.bitmaps.put(key, address);
      }
    });
    return writer;
  }

  private int perPage() {
    return pageSize.bytes() / bitmapBytes;
  }

  @Override
  public long root() {
    return NONE;
  }

  @Override
  long descend(long key, boolean make) {
    long first = key >>> bitmapBits << bitmapBits;
    Long found = bitmaps.get(first);
    if (found != null || !make) {
      return found == null ? NONE : found;
    }
    long bitmap = perPage() == 1 ? pages.allocateZeroed(path(first), 0) : small();
    bitmaps.put(first, bitmap);
    pages.done(() -> {
      bitmaps.remove(first);
      forget();
    });
    return bitmap;
  }

  private StructureView chunk(long address) {
    return new StructureView(
        KhoserMemChunk.STRUCTURE, address, pages.memory().writable(address, pageSize.bytes()));
  }

  private String path(long first) {
    return "%s/order %d/0x%x"
        .formatted(PATH, KhoRadix.order(pageSize, first), KhoRadix.address(pageSize, first));
  }

  private long small() {
    long page = shared;
    int used = sharedUsed;
    int count = sharedPages;
    pages.done(() -> {
      shared = page;
      sharedUsed = used;
      sharedPages = count;
    });
    if (sharedUsed == perPage()) {
      shared = pages.allocateZeroed(PATH + "/bitmaps " + sharedPages++, 0);
      sharedUsed = 0;
    }
    sharedUsed++;
    return shared + (long) sharedUsed % perPage() * bitmapBytes;
  }

  /** Writes the chunks: orders ascending, and the bitmaps of an order by address. */
  @Override
  public long finish() {
    SortedMap<Integer, List<Long>> byOrder = new TreeMap<>();
    for (long key : bitmaps.keySet()) {
      byOrder.computeIfAbsent(KhoRadix.order(pageSize, key), o -> new ArrayList<>()).add(key);
    }
    List<Long> chunks = new ArrayList<>();
    int capacity = KhoserMemChunk.STRUCTURE.capacity(pageSize);
    byOrder.forEach((order, keys) -> {
      for (int from = 0; from < keys.size(); from += capacity) {
        int to = Math.min(from + capacity, keys.size());
        chunks.add(chunk(chunks, order, keys.subList(from, to)));
      }
    });
    return chunks.getFirst();
  }

  private long chunk(List<Long> before, int order, List<Long> keys) {
    String path = before.isEmpty() ? PATH : PATH + "/chunk " + before.size();
    long address = pages.allocateZeroed(path, 0);
    StructureView chunk = chunk(address);
    chunk.set(KhoserMemChunk.ORDER, order);
    chunk.set(KhoserMemChunk.NUM_ELMS, keys.size());
    StructureView element = chunk.element(0);
    for (long key : keys) {
      element.setAddress(KhoserMemChunk.PHYS_START, KhoRadix.address(pageSize, key));
      ChunkList.BITMAP.store(element, Objects.requireNonNull(bitmaps.get(key)));
      element.next();
    }
    if (!before.isEmpty()) {
      ChunkList.NEXT.store(chunk(before.getLast()), chunk);
    }
    return address;
  }
}
