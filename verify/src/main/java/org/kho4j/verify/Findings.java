package org.kho4j.verify;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * Takes what the rules find. A rule that is broken a million times is told a few times and counted
 * from then on, so that neither memory nor the reader of the answer drowns in it.
 */
final class Findings {

  private final Consumer<Finding> consumer;
  private final Predicate<Rule> wanted;
  private final int perRule;
  private final Map<String, Long> counts = new TreeMap<>();
  private long errors;

  Findings(Consumer<Finding> consumer, Predicate<Rule> wanted, int perRule) {
    this.consumer = consumer;
    this.wanted = wanted;
    this.perRule = perRule;
  }

  /** Takes nothing: for a walk whose findings were told before. */
  static Findings none() {
    return new Findings(finding -> {}, rule -> false, 0);
  }

  /** The message is made only if anybody hears it. */
  @SuppressWarnings("AnnotateFormatMethod") // that would be a dependency for one annotation
  synchronized void report(
      Rule rule, Where where, long address, String format, Object... arguments) {
    if (count(rule)) {
      consumer.accept(new Finding(rule, where.toString(), address, format.formatted(arguments)));
    }
  }

  /** Passes on what a reader found. */
  synchronized void report(Rule rule, HandoverException e) {
    if (count(rule)) {
      consumer.accept(new Finding(rule, e.path(), e.address(), e.problem()));
    }
  }

  private boolean count(Rule rule) {
    errors += rule.severity() == Severity.ERROR ? 1 : 0;
    return wanted.test(rule) && counts.merge(rule.id(), 1L, Long::sum) <= perRule;
  }

  /** Errors so far, wanted or not. */
  synchronized long errors() {
    return errors;
  }

  /** Of each rule that was broken more often than was told: how often it was not told. */
  synchronized Map<String, Long> untold() {
    Map<String, Long> untold = new TreeMap<>();
    counts.forEach((id, count) -> {
      if (count > perRule) {
        untold.put(id, count - perRule);
      }
    });
    return untold;
  }
}
