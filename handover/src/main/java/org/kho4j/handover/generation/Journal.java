package org.kho4j.handover.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/**
 * Records how to undo the steps of an operation, so that an operation that fails half-way changes
 * nothing; and delays the steps that cannot be undone until the operation has succeeded.
 */
final class Journal {

  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final List<Runnable> later = new ArrayList<>();
  private boolean active;

  /**
   * Runs an operation that takes effect completely or not at all. An operation within another is
   * part of the outer one: it can fail alone, and is undone with the outer one.
   */
  <T> T atomically(Supplier<T> steps) {
    boolean outermost = !active;
    int done = undo.size();
    int waiting = later.size();
    active = true;
    T result;
    try {
      result = steps.get();
    } catch (RuntimeException | Error e) {
      while (undo.size() > done) {
        undo.removeLast().run();
      }
      later.subList(waiting, later.size()).clear();
      active = !outermost;
      throw e;
    }
    if (outermost) {
      active = false;
      undo.clear();
      List<Runnable> steady = List.copyOf(later);
      later.clear();
      steady.forEach(Runnable::run);
    }
    return result;
  }

  /** Runs an operation without a result, as {@link #atomically(Supplier)} does. */
  void atomically(Runnable steps) {
    atomically(() -> {
      steps.run();
      return true;
    });
  }

  /** Records how to undo a step of the current operation, if there is one. */
  void done(Runnable undoStep) {
    if (active) {
      undo.addLast(undoStep);
    }
  }

  /**
   * Runs a step that can neither be undone nor fail: after the current operation has succeeded, or
   * now if there is none.
   */
  void afterwards(Runnable step) {
    if (active) {
      later.add(step);
    } else {
      step.run();
    }
  }
}
