package org.kho4j.example.warmcache;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.OptionalLong;

/**
 * A hash table of longs in a memory segment: slots of a key and a value, open addressing. It has no
 * other state, so whoever maps the segment has the table. A crash leaves it whole: a value is
 * stored before the key that makes it visible.
 */
final class LongTable {

  /** Bytes of a slot: 8 of key, 8 of value. A key of 0 is a free slot. */
  static final int SLOT_BYTES = 16;

  private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

  private final MemorySegment slots;
  private final long mask;

  /** A table over a segment whose slots are a power of two in number. */
  LongTable(MemorySegment slots) {
    this.slots = slots;
    this.mask = slots.byteSize() / SLOT_BYTES - 1;
    if ((slots.byteSize() & (slots.byteSize() - 1)) != 0) {
      throw new IllegalArgumentException(slots.byteSize() + " bytes are no power of two");
    }
  }

  /** The value of a key; 0 is no key, and has none. */
  OptionalLong get(long key) {
    for (long slot = first(key), seen = 0; seen <= mask; slot = slot + 1 & mask, seen++) {
      long found = (long) WORD.getAcquire(slots, slot * SLOT_BYTES);
      if (found == 0) {
        return OptionalLong.empty();
      }
      if (found == key) {
        return OptionalLong.of((long) WORD.getAcquire(slots, slot * SLOT_BYTES + 8));
      }
    }
    return OptionalLong.empty();
  }

  /**
   * Sets the value of a key.
   *
   * @throws IllegalStateException if the table is full
   */
  synchronized void put(long key, long value) {
    if (key == 0) {
      throw new IllegalArgumentException("0 is no key");
    }
    for (long slot = first(key), seen = 0; seen <= mask; slot = slot + 1 & mask, seen++) {
      long found = (long) WORD.getAcquire(slots, slot * SLOT_BYTES);
      if (found == key || found == 0) {
        WORD.setRelease(slots, slot * SLOT_BYTES + 8, value);
        WORD.setRelease(slots, slot * SLOT_BYTES, key);
        return;
      }
    }
    throw new IllegalStateException("the table is full");
  }

  private long first(long key) {
    long hash = key * 0x9e37_79b9_7f4a_7c15L;
    return (hash ^ hash >>> 32) & mask;
  }
}
