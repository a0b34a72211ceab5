package org.kho4j.verify;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts of what was looked at, by name; and what was not looked at, in sentences. */
final class Counts {

  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final List<String> notChecked = new ArrayList<>();
  private boolean ownersKnown = true;

  void add(String name, long count) {
    counts.merge(name, count, Long::sum);
  }

  long get(String name) {
    return counts.getOrDefault(name, 0L);
  }

  void notChecked(String sentence) {
    if (!notChecked.contains(sentence) && notChecked.size() < 100) {
      notChecked.add(sentence);
    }
  }

  /** Something owns memory, and what it owns is not known here. */
  void unknownOwner() {
    ownersKnown = false;
  }

  /** Memory of a structure could not be read, so that what it owns is not known. */
  void unread(String sentence) {
    notChecked(sentence);
    unknownOwner();
  }

  /** Whether every structure that owns memory was read. */
  boolean ownersKnown() {
    return ownersKnown;
  }

  Checked checked(Map<Severity, Long> findings, Map<String, Long> unreported) {
    return new Checked(counts, notChecked, findings, unreported);
  }
}
