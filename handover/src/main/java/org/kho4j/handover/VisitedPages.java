package org.kho4j.handover;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The pages that a walk has been to, so that a structure that is reached twice is found. Off-heap:
 * 16 bytes a page at most. Not safe for use by several threads.
 */
public final class VisitedPages {

  /**
   * More pages of one kind are in no handover: as leaves of a map they stand for 128 TiB in 4K
   * pages.
   */
  public static final int MAX_PAGES = 1 << 20;

  private MemorySegment slots;
  private int mask;
  private int size;

  public VisitedPages() {
    mask = 1023;
    slots = Arena.ofAuto().allocate(8L * (mask + 1), 8);
  }

  /**
   * Adds a page.
   *
   * @param address of the page, not 0
   * @return false if it was there already
   * @throws HandoverException if there are more than {@link #MAX_PAGES}
   */
  public boolean add(Where where, long address) {
    if (!insert(address)) {
      return false;
    }
    if (++size > MAX_PAGES) {
      throw where.broken(address, "more than %,d pages of structures".formatted(MAX_PAGES));
    }
    if (size > mask / 2) {
      grow();
    }
    return true;
  }

  private boolean insert(long address) {
    int slot = (int) (((address >>> 12) * 0x9E3779B97F4A7C15L) >>> 32) & mask;
    while (true) {
      long found = slots.getAtIndex(ValueLayout.JAVA_LONG, slot);
      if (found == address) {
        return false;
      }
      if (found == 0) {
        slots.setAtIndex(ValueLayout.JAVA_LONG, slot, address);
        return true;
      }
      slot = (slot + 1) & mask;
    }
  }

  private void grow() {
    MemorySegment old = slots;
    int oldSlots = mask + 1;
    mask = oldSlots * 2 - 1;
    slots = Arena.ofAuto().allocate(8L * (mask + 1), 8);
    for (int i = 0; i < oldSlots; i++) {
      long address = old.getAtIndex(ValueLayout.JAVA_LONG, i);
      if (address != 0) {
        insert(address);
      }
    }
  }
}
