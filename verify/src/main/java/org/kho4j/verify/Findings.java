package org.kho4j.verify;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * Takes the findings of the rules. Reports a limited number of findings per rule, and counts all of
 * them: a rule may be broken a million times.
 */
final class Findings {

  private final Consumer<Finding> consumer;
  private final Predicate<Rule> wanted;
  private final int perRule;
  private final Counts structures;
  private final Map<String, Long> counts = new TreeMap<>();
  private final Map<Severity, Long> bySeverity = new EnumMap<>(Severity.class);
  private long errors;

  /**
   * Findings of one handover.
   *
   * @param structures counts of structures, which record absent ones
   */
  Findings(Consumer<Finding> consumer, Predicate<Rule> wanted, int perRule, Counts structures) {
    this.consumer = consumer;
    this.wanted = wanted;
    this.perRule = perRule;
    this.structures = structures;
  }

  /** Reports nothing: for a walk whose findings were reported before. */
  static Findings none() {
    return new Findings(finding -> {}, rule -> false, 0, new Counts());
  }

  /** Reports a finding. The message is made only if the finding is reported. */
  @SuppressWarnings("AnnotateFormatMethod") // that would be a dependency for one annotation
  synchronized void report(
      Rule rule, Where where, long address, String format, Object... arguments) {
    if (count(rule)) {
      consumer.accept(new Finding(rule, where.toString(), address, format.formatted(arguments)));
    }
  }

  /** Reports a fault that a reader found. An absent structure breaks no rule. */
  synchronized void report(Rule rule, HandoverException e) {
    if (e.isAbsent()) {
      structures.absent(e);
    } else if (count(rule)) {
      consumer.accept(new Finding(rule, e.path(), e.address(), e.problem()));
    }
  }

  private boolean count(Rule rule) {
    errors += rule.severity() == Severity.ERROR ? 1 : 0;
    bySeverity.merge(rule.severity(), 1L, Long::sum);
    if (!wanted.test(rule)) {
      return false;
    }
    return counts.merge(rule.id(), 1L, Long::sum) <= perRule;
  }

  /** Returns the number of errors so far, wanted or not. */
  synchronized long errors() {
    return errors;
  }

  /** Returns the counts of the structures and of the findings. */
  synchronized Checked checked() {
    Map<String, Long> unreported = new TreeMap<>();
    counts.forEach((id, count) -> {
      if (count > perRule) {
        unreported.put(id, count - perRule);
      }
    });
    return structures.checked(bySeverity, unreported);
  }
}
