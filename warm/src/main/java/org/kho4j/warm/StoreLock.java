package org.kho4j.warm;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The lock of a store, which a transaction holds to its end. A thread that ends with a transaction
 * open never unlocks it, nor does one that calls {@code System.exit}, which waits for the shutdown
 * hooks: then no thread waits, all are refused.
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
   * @throws IllegalStateException if the thread that has locked it will not unlock it
   */
  @Override
  public void lock() {
    if (!lockUnlessOrphaned()) {
      throw orphaned();
    }
  }

  /** Returns the exception for a lock that nobody unlocks. */
  IllegalStateException orphaned() {
    return new IllegalStateException(
        store
            + ": a thread that has ended, or waits in System.exit, left a transaction open; the next"
            + " owner rolls it back");
  }

  /** Locks, and returns true, unless the thread that has locked it will not unlock it. */
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
        if (owner != null && !goesOn(owner) && owner.equals(getOwner())) {
          return false;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static boolean goesOn(Thread thread) {
    return thread.isAlive()
        && Arrays.stream(thread.getStackTrace())
            .noneMatch(frame ->
                frame.getClassName().equals("java.lang.Runtime")
                    && frame.getMethodName().equals("exit"));
  }
}
