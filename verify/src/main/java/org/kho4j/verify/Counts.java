package org.kho4j.verify;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts of what was looked at, by name; and what was not looked at, in sentences. */
final class Counts {

  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final List<String> notChecked = new ArrayList<>();

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

  Checked checked(Map<String, Long> untold) {
    return new Checked(counts, notChecked, untold);
  }
}
