package org.kho4j.verify.result;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A rule that every valid handover satisfies.
 *
 * @param id stable: {@code "VMALLOC-007"}
 * @param severity severity of a violation
 * @param sentence the rule as a sentence
 * @param kernel a real kernel's behaviour when the rule is broken, with the release of the
 *     observation
 * @param remedy the place to look for the cause, and the remedy
 * @param outcomes possible outcomes of a handover that breaks only this rule
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

  /**
   * Creates an error; state is lost, with or without a message, unless other outcomes are named.
   */
  public static Rule error(
      String id, String sentence, String kernel, String remedy, Outcome... outcomes) {
    return of(id, Severity.ERROR, sentence, kernel, remedy, outcomes);
  }

  /** Creates a warning; all is restored unless other outcomes are named. */
  public static Rule warning(
      String id, String sentence, String kernel, String remedy, Outcome... outcomes) {
    return of(id, Severity.WARNING, sentence, kernel, remedy, outcomes);
  }

  /**
   * Creates a rule of severity {@link Severity#INFO}; all is restored unless other outcomes are
   * named.
   */
  public static Rule info(
      String id, String sentence, String kernel, String remedy, Outcome... outcomes) {
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

  /** Returns the group of the rule, such as {@code "VMALLOC"}. */
  public String group() {
    return id.substring(0, id.indexOf('-'));
  }

  @Override
  public String toString() {
    return id;
  }
}
