package org.kho4j.handover.generation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/**
 * What undoes the steps of an operation that is under way, so that one that fails half-way leaves
 * nothing.
 */
final class Journal {

  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final Runnable commit;
  private final Runnable rollBack;
  private boolean active;

  /**
   * A journal.
   *
   * @param commit called after an operation that succeeded
   * @param rollBack called after an operation that failed, when its steps have been undone
   */
  Journal(Runnable commit, Runnable rollBack) {
    this.commit = commit;
    this.rollBack = rollBack;
  }

  /** Does all of it or nothing. An operation within another is part of that one. */
  <T> T atomically(Supplier<T> steps) {
    if (active) {
      return steps.get();
    }
    active = true;
    try {
      T result = steps.get();
      commit.run();
      return result;
    } catch (RuntimeException | Error e) {
      while (!undo.isEmpty()) {
        undo.removeLast().run();
      }
      rollBack.run();
      throw e;
    } finally {
      undo.clear();
      active = false;
    }
  }

  /** Notes how to undo a step of the operation that is under way, if there is one. */
  void done(Runnable undoStep) {
    if (active) {
      undo.addLast(undoStep);
    }
  }
}
