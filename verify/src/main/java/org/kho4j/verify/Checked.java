package org.kho4j.verify;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a verification looked at.
 *
 * @param counts of structures, by name: {@code "files"}
 * @param notChecked what could not be looked at, and why, in sentences
 * @param untold of each rule that was broken too often to tell all: how many findings were left out
 */
public record Checked(Map<String, Long> counts, List<String> notChecked, Map<String, Long> untold) {

  /** Nothing yet. */
  public static final Checked NOTHING = new Checked(Map.of(), List.of(), Map.of());

  public Checked {
    counts = Collections.unmodifiableMap(new LinkedHashMap<>(counts));
    notChecked = List.copyOf(notChecked);
    untold = Collections.unmodifiableMap(new TreeMap<>(untold));
  }

  /** Both together. */
  public Checked plus(Checked other) {
    Map<String, Long> sum = new LinkedHashMap<>(counts);
    other.counts.forEach((name, count) -> sum.merge(name, count, Long::sum));
    List<String> sentences = new ArrayList<>(notChecked);
    other.notChecked.stream().filter(one -> !sentences.contains(one)).forEach(sentences::add);
    Map<String, Long> more = new TreeMap<>(untold);
    other.untold.forEach((id, count) -> more.merge(id, count, Long::sum));
    return new Checked(sum, sentences, more);
  }
}
