package org.kho4j.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The budget of mappings of files. The kernel limits mappings per process, and a process at the
 * limit fails in unrelated places: threads cannot start, the collector cannot commit. So they stop
 * at half of the limit.
 */
final class ExtentBudget {

  /** The budget of this process. */
  static final ExtentBudget PROCESS = new ExtentBudget(Linux.maxMapCount() / 2);

  private final AtomicInteger left;

  ExtentBudget(int extents) {
    this.left = new AtomicInteger(extents);
  }

  /** Takes a number of mappings; takes none if fewer are left. */
  boolean acquire(int extents) {
    int before = left.get();
    while (extents <= before) {
      if (left.compareAndSet(before, before - extents)) {
        return true;
      }
      before = left.get();
    }
    return false;
  }

  /**
   * Unmaps what was mapped with a number of mappings, and gives them back.
   *
   * @param address of the mappings; 0 if none was made
   */
  void unmap(long address, long length, int extents) {
    if (address != 0) {
      Mappings.unmap(address, length);
    }
    release(extents);
  }

  void release(int extents) {
    left.addAndGet(extents);
  }

  int left() {
    return left.get();
  }
}
