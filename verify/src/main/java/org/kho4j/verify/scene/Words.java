package org.kho4j.verify.scene;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A small open hash table from number to number: 16 to 32 bytes an entry, no objects. */
public final class Words {

  private long[] slots = new long[64];
  private int size;
  private boolean hasZero;
  private long zero;

  /**
   * Adds a key unless the table has it.
   *
   * @param value not 0
   * @return 0, or the value that the key has already
   */
  public long putIfAbsent(long key, long value) {
    if (key == 0) {
      long old = hasZero ? zero : 0;
      zero = hasZero ? zero : value;
      hasZero = true;
      return old;
    }
    if (size * 4 >= slots.length) {
      long[] old = slots;
      slots = new long[old.length * 2];
      for (int i = 0; i < old.length; i += 2) {
        if (old[i] != 0) {
          int slot = slot(old[i]);
          slots[slot] = old[i];
          slots[slot + 1] = old[i + 1];
        }
      }
    }
    int slot = slot(key);
    if (slots[slot] != 0) {
      return slots[slot + 1];
    }
    slots[slot] = key;
    slots[slot + 1] = value;
    size++;
    return 0;
  }

  /** Returns the key's slot, or the free slot for the key. */
  private int slot(long key) {
    int mask = slots.length / 2 - 1;
    int at = (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & mask;
    while (slots[2 * at] != 0 && slots[2 * at] != key) {
      at = (at + 1) & mask;
    }
    return 2 * at;
  }

  /**
   * Returns a key for a text, up to its NUL: two different texts have the same key once in 2^64.
   */
  public static long hash(MemorySegment chars) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < chars.byteSize(); i++) {
      byte next = chars.get(ValueLayout.JAVA_BYTE, i);
      if (next == 0) {
        break;
      }
      hash = (hash ^ (next & 0xff)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return hash;
  }
}
