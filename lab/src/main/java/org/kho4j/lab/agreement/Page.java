package org.kho4j.lab.agreement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.kho4j.verify.Rules;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Severity;

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
    untried();
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
            text.append(
                wrapped(
                    "- beside %s: %s (%s)"
                        .formatted(
                            result.trial().rule(), result.outcome().label(), result.said()))));
    return text.toString();
  }

  private List<TrialResult> of(Rule rule) {
    return results.stream()
        .filter(result ->
            result.trial().kind() == Trial.Kind.BROKEN && result.trial().rule().equals(rule.id()))
        .toList();
  }

  private void untried() {
    List<String> ids = Rules.ALL.stream().filter(rule -> of(rule).isEmpty()).map(Rule::id).toList();
    text.append('\n')
        .append(
            ("%d of the %d rules were not broken in these runs, so no kernel showed their outcomes:"
                    + " %s. Most of them are about older contracts (kho-v1, kho-v2, luo-v2 to luo-v4,"
                    + " memfd-v1), which none of these kernels writes. FDT-013 is about a consumed"
                    + " handover. No kernel reads the mapping of systemd (SYSTEMD). SCRATCH-007 was"
                    + " not tried.")
                .formatted(ids.size(), Rules.ALL.size(), String.join(", ", ids))
                .replaceAll("(.{1,100})(?: |$)", "$1\n"));
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
    text.append("| all | | %d%s |%n".formatted(results.size(), cells(counts(results))));
    long errors = results.stream().filter(result -> result.worst() == Severity.ERROR).count();
    text.append(
        """

        Verify found errors in %d of the %d handovers. Of the other %d, the kernel restored all but %d,
        which are listed below. In %d cases the kernel did not do what the rules expect.
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
          wrapped(
              "- [%s](verify.md#%s): %s, %d of %d %s"
                  .formatted(
                      rule.id(),
                      rule.id().toLowerCase(Locale.ROOT),
                      rule.severity().label(),
                      odd.size(),
                      of(rule).size(),
                      odd.stream()
                          .map(TrialResult::outcome)
                          .distinct()
                          .sorted(Comparator.naturalOrder())
                          .map(Outcome::label)
                          .collect(Collectors.joining(", ")))));
    }
  }

  /** An item of a list, in lines of at most 100 columns. */
  private static String wrapped(String item) {
    return item.replaceAll("(.{1,98})(?: |$)", "$1\n  ").stripTrailing() + "\n";
  }

  private static final String HEAD =
      """
      # Agreement with reality

      <!-- Generated by lab/run agree; see AgreementPageTest -->

      `kho verify` reports errors in a handover, and each of its [rules](verify.md) describes what a
      kernel does with the error. This page compares these descriptions with real kernels. A kernel
      hands over to itself: data of kho_test, three reservations, 70 sessions of LUO (Live Update
      Orchestrator) with 86 memfds, and FLBs (state that several files share). The lab stops it under
      QEMU at the first instruction of the next kernel, and saves its state. For each row of [the
      results](../lab/agreement.tsv), the lab changes the memory in one place, runs `kho verify` on
      it, and resumes the guest. The changes are those of the tests of verify; a seed chooses place
      and values. The init of the next kernel first allocates all free memory, to overwrite pages
      that are not reserved. Then it restores everything that was handed over, and compares every
      byte.

      | outcome | meaning |
      |---|---|
      | restored | everything is restored |
      | warned | everything is restored, with a warning in the kernel's log |
      | failed | a part is missing, and its user got an error, or the log has a line about it |
      | lost | a part is missing or has other content, without a message except that KHO is off |
      | panic | the kernel panics or faults, or the machine stops |
      | hang | the kernel prints nothing for a minute |

      The expected outcomes are those of the broken rules: of the errors; if there are none, of the
      warnings; if there are none, of the infos. Without findings, everything must be restored.
      `lab/run agree` repeats the run, and resumes an interrupted run. This page is generated from
      the results and the current rules.

      Some expected outcomes were adjusted after the first run. Before it, an error was expected to
      end as failed or lost and anything else as restored, and 137 of 333 boots disagreed. The
      outcomes of the rules, and some severities, were then set to what Linux 7.3.4 on x86-64 did.
      Afterwards, all 97 rules were broken again, three times each, at places and with values of seed
      2: in all 291 boots, the kernel did what the rules expect. These boots are not in the table.
      Two boots of the first run were left out: one whose change was replaced later (beside FLB-007),
      and one in which QEMU's timer failed on a loaded machine (beside MEMBLOCK-007).

      Linux 7.1.8 (kho-v3, luo-v1 with FLBs) was run on 29 November 2026, once for each rule. It
      disagreed with MAP-004, ARRAY-003, LUO-013, LUO-014, FLB-001 and MEMFD-018, whose outcomes were
      then set to what it did; for MAP-004, LUO-013 and LUO-014, its source confirms them. One boot
      was left out: the kernel restored everything although blob-size of LUO's device tree was 8,
      because it does not read blob-size. verify then reported LUO-001; it now reports FDT-010.

      Rules that are newer than these runs were run the same day, with their outcomes unchanged: 48
      boots of Linux 7.3.4 and 8 of 7.1.8. The boots of rules whose case another rule now reports were
      repeated.

      Linux 7.3.4 on arm64 with 16K pages was run on 30 November 2026, once for each rule that can be
      broken there: no rule about the boot record of x86-64 can. It disagreed with TEST-002, whose
      outcomes were then set to what it did; its source confirms it.
      """;

  private static final String BROKEN =
      """

      ## Broken in one place

      | rule | severity | expected | boots | restored | warned | failed | lost | panic | hang |
      |---|---|---|---|---|---|---|---|---|---|
      """;

  private static final String OWNERS_DATA =
      """

      ## Valid changes

      These changes almost break a rule: they use another name, token, count, size, seal or release.
      The handover is valid, verify finds nothing, and the kernel accepts it; only the owner can notice
      the difference. A kernel also warns if an FLB that one of its drivers expects is missing; no
      handover records which FLBs drivers expect.

      """;

  private static final String EXPLAINED =
      """

      ## Errors without a loss, and losses without an error

      The section of each rule explains what the kernel does.

      """;
}
