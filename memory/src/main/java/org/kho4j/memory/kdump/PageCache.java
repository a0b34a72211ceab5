package org.kho4j.memory.kdump;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A cache of recently decoded pages: a place for each frame modulo the number of places, without
 * locks.
 */
final class PageCache {

  /** Bytes of pages kept; more of them would keep the garbage collector of a small heap busy. */
  static final int BYTES = 4 << 20;

  private static final class Entry {
    final long frame;
    final byte[] page;

    Entry(long frame, byte[] page) {
      this.frame = frame;
      this.page = page;
    }
  }

  private final AtomicReferenceArray<@Nullable Entry> entries;
  private final int mask;

  PageCache(int pageSize) {
    entries = new AtomicReferenceArray<>(BYTES / pageSize);
    mask = entries.length() - 1;
  }

  byte @Nullable [] get(long frame) {
    Entry entry = entries.getAcquire((int) frame & mask);
    return entry != null && entry.frame == frame ? entry.page : null;
  }

  void put(long frame, byte[] page) {
    entries.setRelease((int) frame & mask, new Entry(frame, page));
  }
}
