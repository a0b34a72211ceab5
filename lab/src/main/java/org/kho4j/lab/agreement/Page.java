package org.kho4j.lab.agreement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.kho4j.verify.Outcome;
import org.kho4j.verify.Rule;
import org.kho4j.verify.Rules;
import org.kho4j.verify.Severity;

/** {@code docs/agreement.md}: the results as a table. */
public final class Page {

  private final List<TrialResult> results;
  private final StringBuilder text = new StringBuilder();

  private Page(List<TrialResult> results) {
    this.results = results;
  }

  /**
   * The page of these results.
   *
   * @param mutants the section about changes of one field, which a test of verify writes
   */
  public static String of(Results results, String mutants) {
    return new Page(results.all()).write() + mutants;
  }

  /** The results that differ from what the rules expect, in words. */
  public static List<String> disagreements(Results results) {
    return results.all().stream()
        .filter(result -> !result.agrees())
        .map(TrialResult::toString)
        .toList();
  }

  private String write() {
    text.append(HEAD);
    summary();
    text.append(BROKEN);
    List<Rule> table = Rules.ALL.stream().filter(rule -> !of(rule).isEmpty()).toList();
    for (Rule rule : table) {
      Map<Outcome, Long> counts = counts(of(rule));
      text.append("| ").append(rule.id()).append(" | ").append(rule.severity().label());
      text.append(" | ").append(names(rule.outcomes()));
      text.append(" | ").append(of(rule).size()).append(cells(counts)).append(" |\n");
    }
    text.append(EXPLAINED);
    for (Rule rule : table) {
      explain(rule);
    }
    text.append(OWNERS_DATA);
    results.stream()
        .filter(TrialResult::changesOwnersData)
        .forEach(result ->
            text.append("- beside ")
                .append(result.trial().rule())
                .append(": ")
                .append(result.outcome().label())
                .append(" (")
                .append(result.said())
                .append(")\n"));
    return text.toString();
  }

  private List<TrialResult> of(Rule rule) {
    return results.stream()
        .filter(result ->
            result.trial().kind() == Trial.Kind.BROKEN && result.trial().rule().equals(rule.id()))
        .toList();
  }

  private void summary() {
    text.append("\n| kernel | handovers |").append(heads()).append("\n|---|---|---|");
    text.append("---|".repeat(Outcome.values().length)).append('\n');
    Map<String, List<TrialResult>> rows = new TreeMap<>();
    for (TrialResult result : results) {
      String row = "| %s | %s |".formatted(result.trial().kernel(), result.trial().kind().label());
      rows.computeIfAbsent(row, key -> new ArrayList<>()).add(result);
    }
    rows.forEach(
        (row, of) -> text.append(row).append(" %d%s |%n".formatted(of.size(), cells(counts(of)))));
    text.append("| | together | %d%s |%n".formatted(results.size(), cells(counts(results))));
    long errors = results.stream().filter(result -> result.worst() == Severity.ERROR).count();
    text.append(
        """

        Verify found errors in %d of the %d; of the other %d, the kernel restored all but %d, which are
        explained below. In %d cases the kernel did something else than the rules expect.
        """
            .formatted(
                errors,
                results.size(),
                results.size() - errors,
                results.stream()
                    .filter(result -> result.worst() != Severity.ERROR && result.isLoss())
                    .count(),
                results.stream().filter(result -> !result.agrees()).count()));
  }

  private static String heads() {
    StringBuilder heads = new StringBuilder(" boots |");
    for (Outcome outcome : Outcome.values()) {
      heads.append(' ').append(outcome.label()).append(" |");
    }
    return heads.toString();
  }

  private static Map<Outcome, Long> counts(List<TrialResult> of) {
    Map<Outcome, Long> counts = new EnumMap<>(Outcome.class);
    of.forEach(result -> counts.merge(result.outcome(), 1L, Long::sum));
    return counts;
  }

  private static String cells(Map<Outcome, Long> counts) {
    StringBuilder cells = new StringBuilder();
    for (Outcome outcome : Outcome.values()) {
      Long count = counts.get(outcome);
      cells.append(" | ").append(count == null ? "" : count);
    }
    return cells.toString();
  }

  private static String names(Set<Outcome> outcomes) {
    return outcomes.stream().sorted().map(Outcome::label).collect(Collectors.joining(", "));
  }

  /** Errors that a kernel survives, and losses that are no error. */
  private void explain(Rule rule) {
    boolean error = rule.severity() == Severity.ERROR;
    List<TrialResult> odd = of(rule).stream().filter(result -> result.isLoss() != error).toList();
    if (!odd.isEmpty()) {
      text.append(
          "- **%s** (%s; %d of %d %s): %s%n"
              .formatted(
                  rule.id(),
                  rule.severity().label(),
                  odd.size(),
                  of(rule).size(),
                  odd.stream()
                      .map(TrialResult::outcome)
                      .distinct()
                      .sorted(Comparator.naturalOrder())
                      .map(Outcome::label)
                      .collect(Collectors.joining(", ")),
                  rule.kernel()));
    }
  }

  private static final String HEAD =
      """
      # Agreement with reality

      <!-- Generated by lab/run agree; see AgreementPageTest -->

      `kho verify` reports what is wrong with a handover, and each of its [rules](verify.md) says what a
      kernel does then. Here real kernels answered, handover for handover. A kernel hands over to itself:
      kho_test, three reservations, 70 LUO sessions with 86 memfds, FLBs. The lab stops it at the first
      instruction of the next kernel and saves its state. For each row of
      [the results](../lab/agreement.tsv), it changes that memory in one place, verifies it, and resumes the
      guest on it, under QEMU. The changes are those of the tests of verify, at a place and with values that
      a seed chooses. The next kernel's init first takes all free memory, so pages that are not reserved are
      overwritten; then it looks for everything that was handed over, and compares every byte.

      | the kernel's outcome | means |
      |---|---|
      | restored | all of it is there again |
      | warned | all of it is there again, with a warning in the kernel's log |
      | failed | something is missing, and its user got an error, or the log has a line about it |
      | lost | something is missing or has other content, and the log says no more than that KHO is off |
      | panic | the kernel panics or faults, or the machine stops |
      | hang | silence for a minute |

      The expected outcomes are those of the broken rules: of the errors if there are any, else of the
      warnings, else of the rest. Without findings, all has to be restored. `lab/run agree` makes the run
      again, and resumes an interrupted one; this page and its table are written from the results, with the
      rules of today.

      Not all expected outcomes were written down before the run. Before it, an error meant failed or lost
      and anything else restored, and 137 of 333 boots disagreed with that; the outcomes of rules, and some
      severities, were then set from what Linux 7.3.4 on x86-64 did. Afterwards all 97 rules were
      broken again at places and with values of seed 2, three times each, with nothing changed: 291 boots,
      in all of which the kernel did what the rules expect. They are not in the table. Two boots of this run
      were left out: one whose change was replaced since (beside FLB-007), and one in which QEMU's timer
      failed on a loaded machine (beside MEMBLOCK-007).

      Linux 7.1.8 (kho-v3, luo-v1 with FLBs) was asked on 29 November 2026, once for each rule. The outcomes of
      MAP-004, ARRAY-003, LUO-013, LUO-014, FLB-001 and MEMFD-018, with which it disagreed, were set from what it
      did. Its source was read for MAP-004, LUO-013 and LUO-014, and says the same. A boot of it was left out: it
      restored all where blob-size of LUO's device tree was 8, which it does not read, and verify said LUO-001
      then; that is FDT-010 since.

      Not in the table: rules about older contracts (kho-v1 and kho-v2, luo-v2 to luo-v4, memfd-v1), as no kernel
      that has them was asked yet; rules that came after the boots; and FDT-013, which is about a handover that was
      taken already.
      """;

  private static final String BROKEN =
      """

      ## Broken in one place

      | rule | severity | expected | boots | restored | warned | failed | lost | panic | hang |
      |---|---|---|---|---|---|---|---|---|---|
      """;

  private static final String OWNERS_DATA =
      """

      ## Sound, and not what it was

      These changes come close to breaking a rule by another name, token, count, size, seal or release. The
      handover is sound, verify finds nothing, and the kernel takes it; only its owner knows the difference.
      An FLB that a driver of the next kernel expects, and that is missing, makes that kernel warn; no
      handover records which FLBs that are.

      """;

  private static final String EXPLAINED =
      """

      ## Errors that a kernel survives, and losses that are no error

      """;
}
