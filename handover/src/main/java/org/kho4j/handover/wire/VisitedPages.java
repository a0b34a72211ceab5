package org.kho4j.handover.wire;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The pages that a walk has visited; detects loops, that is, a structure that is reached a second
 * time. 16 bytes a page at most, off-heap from 512 pages on. Not safe for use by several threads.
 */
public final class VisitedPages {

  /** No handover has more pages of one kind: as leaves of a map they cover 128 TiB in 4K pages. */
  private static final int MAX_PAGES = 1 << 20;

  private MemorySegment slots;
  private int mask;
  private int size;
  private final long most;

  public VisitedPages() {
    this(MAX_PAGES);
  }

  /** Creates a guard for a walk over at most that many pages. */
  public VisitedPages(long most) {
    this.most = most;
    mask = 15;
    slots = MemorySegment.ofArray(new long[mask + 1]);
  }

  /**
   * Adds a page.
   *
   * @param address of the page, not 0
   * @return false if it was there already
   * @throws HandoverException if the walk visits more pages than it may
   */
  public boolean add(Where where, long address) {
    if (!insert(address)) {
      return false;
    }
    if (++size > most) {
      throw where.broken(address, "more than %,d pages of structures".formatted(most));
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
    slots =
        mask < 1024
            ? MemorySegment.ofArray(new long[mask + 1])
            : Arena.ofAuto().allocate(8L * (mask + 1), 8);
    for (int i = 0; i < oldSlots; i++) {
      long address = old.getAtIndex(ValueLayout.JAVA_LONG, i);
      if (address != 0) {
        insert(address);
      }
    }
  }
}
