package org.kho4j.verify;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A rule that every valid handover satisfies.
 *
 * @param id stable: {@code "VMALLOC-007"}
 * @param severity how bad it is when it does not hold
 * @param sentence what holds
 * @param kernel what a real kernel does when it does not, with the release that this is known of
 * @param remedy where to look for the cause, and what to do
 * @param outcomes what can become of a handover in which it does not hold, and that is sound
 *     otherwise
 */
public record Rule(
    String id,
    Severity severity,
    String sentence,
    String kernel,
    String remedy,
    Set<Outcome> outcomes) {

  public Rule {
    outcomes = Set.copyOf(outcomes);
  }

  /** An error; state is lost, with or without a word, unless other outcomes are named. */
  static Rule error(String id, String sentence, String kernel, String remedy, Outcome... outcomes) {
    return of(id, Severity.ERROR, sentence, kernel, remedy, outcomes);
  }

  /** A warning; all is restored unless other outcomes are named. */
  static Rule warning(
      String id, String sentence, String kernel, String remedy, Outcome... outcomes) {
    return of(id, Severity.WARNING, sentence, kernel, remedy, outcomes);
  }

  /** Nothing is broken; all is restored unless other outcomes are named. */
  static Rule info(String id, String sentence, String kernel, String remedy, Outcome... outcomes) {
    return of(id, Severity.INFO, sentence, kernel, remedy, outcomes);
  }

  private static Rule of(
      String id,
      Severity severity,
      String sentence,
      String kernel,
      String remedy,
      Outcome... outcomes) {
    Set<Outcome> usual =
        severity == Severity.ERROR
            ? EnumSet.of(Outcome.FAILED, Outcome.LOST)
            : EnumSet.of(Outcome.RESTORED);
    return new Rule(
        id,
        severity,
        sentence,
        kernel,
        remedy,
        outcomes.length == 0 ? usual : EnumSet.copyOf(List.of(outcomes)));
  }

  /** What the rule is about: {@code "VMALLOC"}. */
  public String group() {
    return id.substring(0, id.indexOf('-'));
  }

  @Override
  public String toString() {
    return id;
  }
}
