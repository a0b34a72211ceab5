package org.kho4j.lab.agreement;

import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.kho4j.verify.Rules;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Severity;

/**
 * A trial, what verify said, and what the kernel did: one line of the data file.
 *
 * @param changes words of memory that were changed
 * @param findings ids of the rules that verify found broken
 * @param said what the kernel and init said
 */
record TrialResult(
    Trial trial, String changes, List<String> findings, Outcome outcome, String said) {

  /** Beside these rules are changes of names, tokens, counts, sizes, seals and releases. */
  private static final Set<String> OWNERS_DATA =
      Set.of(
          "FLB-001",
          "FLB-005",
          "FLB-006",
          "LUO-004",
          "LUO-005",
          "LUO-006",
          "LUO-011",
          "MEMFD-004",
          "MEMFD-005",
          "MEMFD-007",
          "META-002",
          "META-003",
          "META-004");

  private static final String SEPARATOR = "\t";

  /**
   * Returns the outcomes that verify's findings predict: the worst of them decide, and the rule
   * that was broken.
   */
  Set<Outcome> predicted() {
    List<Rule> rules = findings.stream().map(id -> Rules.of(id).orElseThrow()).toList();
    Set<Outcome> outcomes = EnumSet.noneOf(Outcome.class);
    rules.stream()
        .map(Rule::severity)
        .min(Comparator.naturalOrder())
        .ifPresent(worst ->
            rules.stream()
                .filter(rule -> rule.severity() == worst || rule.id().equals(trial.rule()))
                .forEach(rule -> outcomes.addAll(rule.outcomes())));
    return outcomes.isEmpty() ? EnumSet.of(Outcome.RESTORED) : outcomes;
  }

  /** Returns whether the kernel did what was expected. */
  boolean agrees() {
    if (changesOwnersData()) {
      return true;
    }
    boolean silent = trial.kernel().equals(AgreementPlan.SILENT) && outcome == Outcome.RESTORED;
    return predicted().contains(outcome) || (silent && predicted().contains(Outcome.WARNED));
  }

  /**
   * Returns whether the change was of what only the owner knows, as a session's name or a file's
   * seals: it came back as it was handed over, which is not as it was before the change.
   */
  boolean changesOwnersData() {
    return trial.kind() == Trial.Kind.BESIDE && OWNERS_DATA.contains(trial.rule()) && isLoss();
  }

  /** Returns whether not everything was restored. */
  boolean isLoss() {
    return outcome.compareTo(Outcome.WARNED) > 0;
  }

  /** The worst that verify found; info if it found nothing. */
  Severity worst() {
    return findings.stream()
        .map(id -> Rules.of(id).orElseThrow().severity())
        .min(Comparator.naturalOrder())
        .orElse(Severity.INFO);
  }

  String toLine() {
    return String.join(
        SEPARATOR,
        trial.kernel(),
        trial.kind().name(),
        trial.rule(),
        Integer.toString(trial.number()),
        changes,
        String.join(",", findings),
        outcome.name(),
        said.replaceAll("\\s", " "));
  }

  @Override
  public String toString() {
    return "%s %s/%s/%s/%d: %s, expected %s by %s (%s)"
        .formatted(
            agrees() ? "agreed" : "DISAGREED",
            trial.kernel(),
            trial.kind().name().toLowerCase(Locale.ROOT),
            trial.rule(),
            trial.number(),
            outcome.label(),
            predicted(),
            findings,
            said);
  }

  static TrialResult parse(String line) {
    String[] fields = line.split(SEPARATOR, -1);
    return new TrialResult(
        new Trial(fields[0], Trial.Kind.valueOf(fields[1]), fields[2], Integer.parseInt(fields[3])),
        fields[4],
        fields[5].isEmpty() ? List.of() : List.of(fields[5].split(",")),
        Outcome.valueOf(fields[6]),
        fields[7]);
  }
}
