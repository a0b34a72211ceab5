package org.kho4j.handover.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/**
 * What undoes the steps of an operation that is under way, so that one that fails half-way leaves
 * nothing; and what waits for its success, as it cannot be undone.
 */
final class Journal {

  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final List<Runnable> later = new ArrayList<>();
  private boolean active;

  /**
   * Does all of it or nothing. An operation within another is part of that one: it fails alone if
   * the other goes on, and is undone with it.
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

  /** Notes how to undo a step of the operation that is under way, if there is one. */
  void done(Runnable undoStep) {
    if (active) {
      undo.addLast(undoStep);
    }
  }

  /** Does what cannot be undone: when the operation that is under way has succeeded, or now. */
  void afterwards(Runnable step) {
    if (active) {
      later.add(step);
    } else {
      step.run();
    }
  }
}
