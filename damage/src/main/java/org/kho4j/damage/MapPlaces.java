package org.kho4j.damage;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoserMemChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.map.PreservedMap;

/** The fields of a preserved map: of the radix tree, or of the list of bitmaps. */
final class MapPlaces {

  /** Unused entries of a page that are taken. */
  private static final int UNUSED = 8;

  private final Overlay memory;
  private final PageSize pageSize;
  private final PreservedMap map;
  private final List<MetadataPlace> places = new ArrayList<>();

  private MapPlaces(Handover handover) {
    this.memory = new Overlay(handover.memory().physical());
    this.pageSize = handover.pageSize();
    this.map = handover.preservedMap();
  }

  static List<MetadataPlace> of(Handover handover) {
    MapPlaces found = new MapPlaces(handover);
    if (found.map.form().isRadix()) {
      found.node(found.map.root(), found.map.form().depth(found.pageSize) - 1, true);
    } else {
      found.chunks();
    }
    return found.places;
  }

  private long u64(long address) {
    return memory.get64(address);
  }

  private void add(String structure, String field, long address, int bytes) {
    places.add(new MetadataPlace(structure, field, address, bytes));
  }

  private void node(long address, int level, boolean root) {
    String structure = level == 0 ? "radix leaf" : root ? "radix root" : "radix node";
    int slots = pageSize.bytes() / Long.BYTES;
    int usable =
        root
            ? 1
                << Math.max(
                    0, KhoRadix.orderZeroBit(pageSize) + 1 - KhoRadix.levelShift(pageSize, level))
            : slots;
    for (int slot = 0; slot < slots; slot++) {
      long at = address + 8L * slot;
      long value = u64(at);
      if (value != 0) {
        add(structure, level == 0 ? "word" : "slot", at, 8);
        if (level > 0) {
          node(value, level - 1, false);
        }
      } else if (slot % (slots / UNUSED) == 0) {
        String unused = slot < usable ? "unused" : "beyond all keys";
        add(structure, (level == 0 ? "word, " : "slot, ") + unused, at, 8);
      }
    }
  }

  private void chunks() {
    int size = KhoserMemChunk.ELEMENT.headerSize();
    int header = KhoserMemChunk.STRUCTURE.headerSize();
    for (long chunk = map.root(); chunk != 0; chunk = u64(chunk)) {
      add("khoser_mem_chunk", "next", chunk + KhoserMemChunk.NEXT.offset(), 8);
      add("khoser_mem_chunk", "order", chunk + KhoserMemChunk.ORDER.offset(), 4);
      add("khoser_mem_chunk", "num_elms", chunk + KhoserMemChunk.NUM_ELMS.offset(), 4);
      int count = (int) u64(chunk + KhoserMemChunk.ORDER.offset() + 4);
      for (int i = 0; i < count; i++) {
        long element = chunk + header + (long) i * size;
        add("khoser_mem_chunk", "phys_start", element + KhoserMemChunk.PHYS_START.offset(), 8);
        add("khoser_mem_chunk", "bitmap", element + KhoserMemChunk.BITMAP.offset(), 8);
        bitmap(u64(element + KhoserMemChunk.BITMAP.offset()));
      }
      for (long at = chunk + header + (long) count * size;
          at < chunk + pageSize.bytes();
          at += pageSize.bytes() / UNUSED) {
        add("khoser_mem_chunk", "behind its elements", at, 8);
      }
    }
  }

  private void bitmap(long address) {
    int bytes = map.nodeBytes(0);
    for (long at = address; at < address + bytes; at += Long.BYTES) {
      if (u64(at) != 0) {
        add("bitmap", "word", at, 8);
      } else if ((at - address) % (bytes / UNUSED) == 0) {
        add("bitmap", "word, unused", at, 8);
      }
    }
  }
}
