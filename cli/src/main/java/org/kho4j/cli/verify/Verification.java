package org.kho4j.cli.verify;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.Handover;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.OwnerVisitor;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Soundness;

/**
 * All that verify says of a source.
 *
 * @param handovers the verdict on each
 * @param findings worst first
 * @param checked of all handovers together
 */
record Verification(List<Judged> handovers, List<Located> findings, Checked checked) {

  /** A handover with its verdict. */
  record Judged(VerifiedSource.Candidate candidate, Checked checked) {

    Soundness verdict() {
      return Soundness.of(checked, candidate.consumed());
    }
  }

  /**
   * A finding.
   *
   * @param handover that it is about; null where a root FDT cannot be read
   */
  record Located(Finding finding, @Nullable Handover handover) {}

  /** Verifies a source. */
  static Verification of(VerifiedSource source, Set<Rule> wanted, Verifier.Options options) {
    List<Located> findings = new ArrayList<>();
    Checked checked = Checked.NOTHING;
    for (Finding finding : source.unreadable()) {
      if (wanted.contains(finding.rule())) {
        findings.add(new Located(finding, null));
        checked = checked.plus(Checked.of(finding));
      }
    }
    List<Judged> handovers = new ArrayList<>();
    for (VerifiedSource.Candidate candidate : source.candidates()) {
      Handover handover = candidate.handover();
      Checked one =
          candidate.verify(
              options, finding -> findings.add(new Located(finding, handover)), OwnerVisitor.NONE);
      handovers.add(new Judged(candidate, one));
      checked = checked.plus(one);
    }
    findings.sort(Comparator.comparing(located -> located.finding().rule().severity()));
    return new Verification(handovers, findings, checked);
  }

  /** The verdict on the source: that on the worst handover. */
  Soundness verdict() {
    boolean consumed =
        !handovers.isEmpty() && handovers.stream().allMatch(one -> one.candidate().consumed());
    return Soundness.of(checked, consumed);
  }

  boolean isEmpty() {
    return handovers.isEmpty() && findings.isEmpty();
  }
}
