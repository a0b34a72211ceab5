package org.kho4j.verify.result;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Counts the structures that a verification checked, and its findings.
 *
 * @param counts of structures, by name: {@code "files"}
 * @param notChecked parts that were not checked, each a sentence with the reason; without those
 *     that are absent
 * @param absent memory that the source does not have, so that its content was not checked
 * @param findings of each severity, reported or not
 * @param unreported number of unreported findings, of each rule that has any
 */
public record Checked(
    Map<String, Long> counts,
    List<String> notChecked,
    AbsentParts absent,
    Map<Severity, Long> findings,
    Map<String, Long> unreported) {

  /** The counts before a verification. */
  public static final Checked NOTHING =
      new Checked(Map.of(), List.of(), AbsentParts.NONE, Map.of(), Map.of());

  public Checked {
    counts = Collections.unmodifiableMap(new LinkedHashMap<>(counts));
    notChecked = List.copyOf(notChecked);
    Map<Severity, Long> bySeverity = new EnumMap<>(Severity.class);
    bySeverity.putAll(findings);
    findings = Collections.unmodifiableMap(bySeverity);
    unreported = Collections.unmodifiableMap(new TreeMap<>(unreported));
  }

  /** Returns the counts of a verification that ended with one finding, before any check. */
  public static Checked of(Finding finding) {
    return new Checked(
        Map.of(), List.of(), AbsentParts.NONE, Map.of(finding.rule().severity(), 1L), Map.of());
  }

  /** Returns the number of findings of a severity, reported or not. */
  public long count(Severity severity) {
    return findings.getOrDefault(severity, 0L);
  }

  /** Returns a sentence for each part that was not checked, including absent memory. */
  public List<String> unchecked() {
    return Stream.concat(absent.sentences().stream(), notChecked.stream()).toList();
  }

  /** Returns the sum of both. */
  public Checked plus(Checked other) {
    List<String> sentences = new ArrayList<>(notChecked);
    other.notChecked.stream().filter(one -> !sentences.contains(one)).forEach(sentences::add);
    return new Checked(
        sum(counts, other.counts),
        sentences,
        absent.plus(other.absent),
        sum(findings, other.findings),
        sum(unreported, other.unreported));
  }

  private static <K> Map<K, Long> sum(Map<K, Long> one, Map<K, Long> other) {
    Map<K, Long> sum = new LinkedHashMap<>(one);
    other.forEach((key, count) -> sum.merge(key, count, Long::sum));
    return sum;
  }
}
