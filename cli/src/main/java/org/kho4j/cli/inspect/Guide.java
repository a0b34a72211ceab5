package org.kho4j.cli.inspect;

import java.util.ArrayDeque;
import java.util.Deque;

/** The lines that lead down a tree's left side. */
final class Guide {

  private final Deque<Boolean> lastAtLevel = new ArrayDeque<>();

  /** The lines in front of an entry. */
  String entry(boolean last) {
    return lead() + (last ? "└─ " : "├─ ");
  }

  /** The lines in front of text that belongs to the entry above. */
  String text() {
    return lead();
  }

  private String lead() {
    StringBuilder lead = new StringBuilder();
    lastAtLevel.forEach(last -> lead.append(last ? "   " : "│  "));
    return lead.toString();
  }

  /** Goes down into an entry. */
  void down(boolean last) {
    lastAtLevel.addLast(last);
  }

  /** Comes back up. */
  void up() {
    lastAtLevel.removeLast();
  }
}
