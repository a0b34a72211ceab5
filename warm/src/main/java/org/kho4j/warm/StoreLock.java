package org.kho4j.warm;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The lock of a store, which a transaction holds to its end. A thread that ends with a transaction
 * open never unlocks it: then no thread waits, all are refused.
 */
final class StoreLock extends ReentrantLock {

  private static final long serialVersionUID = 1L;
  private static final long LOOK_AGAIN_MILLIS = 100;

  private final transient Path store;

  StoreLock(Path store) {
    this.store = store;
  }

  /**
   * Locks.
   *
   * @throws IllegalStateException if the thread that has locked it has ended
   */
  @Override
  public void lock() {
    if (!lockUnlessOrphaned()) {
      throw orphaned();
    }
  }

  /** Returns the exception for a lock of a thread that has ended. */
  IllegalStateException orphaned() {
    return new IllegalStateException(
        store + ": a thread that has ended left a transaction open; the next owner rolls it back");
  }

  /** Locks, and returns true, unless the thread that has locked it has ended. */
  boolean lockUnlessOrphaned() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (tryLock() || tryLock(LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS)) {
            return true;
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
        Thread owner = getOwner();
        // One that unlocked meanwhile, and ended then, is no owner any more.
        if (owner != null && !owner.isAlive() && owner.equals(getOwner())) {
          return false;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
