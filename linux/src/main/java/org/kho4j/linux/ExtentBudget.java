package org.kho4j.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many mappings scattered views may take. The kernel bounds them per process, and a process at
 * the bound fails in strange places: threads cannot start, the collector cannot commit. So views
 * stop at half of it.
 */
final class ExtentBudget {

  /** The one of this process. */
  static final ExtentBudget PROCESS = new ExtentBudget(Linux.maxMapCount() / 2);

  private final AtomicInteger left;

  ExtentBudget(int extents) {
    this.left = new AtomicInteger(extents);
  }

  /** Takes that many, or none if there are not that many left. */
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

  void release(int extents) {
    left.addAndGet(extents);
  }

  int left() {
    return left.get();
  }
}
