package org.kho4j.preflight.outgoing;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.LuoSer;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Severity;

/**
 * Maps the findings of verify to verdicts of the handover's parts.
 *
 * @param damages at most one for each part, the worst
 * @param notes the findings that a kernel survives, and the parts that were not checked
 */
public record Integrity(List<Damage> damages, List<String> notes) {

  /**
   * The fate of a damaged part.
   *
   * @param part its name; the part is not one of {@link Part} where the subtree is unknown
   * @param because the worst finding, and what a real kernel does
   */
  public record Damage(String part, Verdict verdict, String because) {}

  /**
   * Rules about versions that the memory names. The next kernel's own versions decide, not those
   * that kho4j knows. LUO-012 repeats the fault of a file for its session.
   */
  static final Set<String> DECIDED_BY_VERSIONS =
      Set.of(
          "FDT-004",
          "FDT-015",
          "LUO-003",
          "LUO-010",
          "LUO-012",
          "LUO-014",
          "LUO-016",
          "LUO-017",
          "MEMFD-001",
          "MEMFD-019",
          "MEMFD-020");

  /** Preserved memory without a known owner: a part of a newer version may own it. */
  private static final String UNCLAIMED = "OWN-004";

  /** The worst finding of a part so far. */
  private record Worst(Verdict verdict, Finding finding, long count) {

    Worst or(Worst other) {
      Worst worse = other.verdict.compareTo(verdict) > 0 ? other : this;
      return new Worst(worse.verdict, worse.finding, count + other.count);
    }

    String because() {
      return sentence(finding)
          + (count == 1 ? "" : " This is the worst of %,d findings.".formatted(count));
    }
  }

  public Integrity {
    damages = List.copyOf(damages);
    notes = List.copyOf(notes);
  }

  /**
   * Checks a handover.
   *
   * @param newer versions that kho4j does not know, by the names of their parts
   * @param unreadable the faults at which a reader stopped, by the names of their parts
   */
  static Integrity of(
      Handover handover,
      Verifier.Options options,
      Map<String, String> newer,
      Map<String, HandoverException> unreadable) {
    Set<String> subtrees =
        handover.root().tree().children().stream()
            .map(FdtNode::name)
            .collect(Collectors.toUnmodifiableSet());
    Map<String, Worst> worst = new LinkedHashMap<>();
    Map<String, Worst> survived = new LinkedHashMap<>();
    Checked checked =
        Verifier.verify(
            handover,
            options,
            finding -> {
              Rule rule = finding.rule();
              if (rule.severity() == Severity.INFO || DECIDED_BY_VERSIONS.contains(rule.id())) {
                return;
              }
              String part = part(finding, subtrees);
              if (newer.containsKey(part) || (!newer.isEmpty() && rule.id().equals(UNCLAIMED))) {
                return;
              }
              Worst one = new Worst(verdict(rule, part), finding, 1);
              (one.verdict == Verdict.OK ? survived : worst)
                  .merge(one.verdict == Verdict.OK ? rule.id() : part, one, Worst::or);
            });
    Map<String, Damage> damages = new LinkedHashMap<>();
    worst.forEach((part, one) -> damages.put(part, new Damage(part, one.verdict, one.because())));
    Map<String, String> unknown = new LinkedHashMap<>();
    handover
        .mapFault()
        .filter(_ -> newer.isEmpty())
        .ifPresent(reason ->
            unknown.put(Part.KHO.name(), "the preserved map cannot be read: %s".formatted(reason)));
    if (handover.pageSizeEvidence().isUnsure() && newer.isEmpty()) {
      unknown.putIfAbsent(
          Part.KHO.name(), "the page size is a guess: " + handover.pageSizeEvidence().because());
    }
    newer.forEach((part, version) ->
        unknown.put(
            part, "its content was not examined: kho4j does not know %s".formatted(version)));
    unreadable.forEach(
        (part, problem) -> unknown.putIfAbsent(part, "it cannot be read: " + problem.getMessage()));
    absent(checked.absent(), subtrees).forEach(unknown::putIfAbsent);
    unknown.forEach(
        (part, because) -> damages.putIfAbsent(part, new Damage(part, Verdict.UNKNOWN, because)));
    return new Integrity(
        List.copyOf(damages.values()),
        Stream.concat(
                survived.values().stream().map(Worst::because),
                checked.unchecked().stream().map(what -> "not checked: " + what))
            .toList());
  }

  private static String sentence(Finding finding) {
    return "%s at %s, 0x%x: %s. %s"
        .formatted(
            finding.rule().id(),
            finding.path(),
            finding.address(),
            finding.message(),
            finding.rule().kernel());
  }

  /** Returns the reason for each part of which a structure is absent. */
  private static Map<String, String> absent(AbsentParts absent, Set<String> subtrees) {
    Map<String, String> reasons = new LinkedHashMap<>();
    long more = absent.count(AbsentParts.Kind.STRUCTURE);
    for (AbsentParts.Part one : absent.parts()) {
      if (one.kind() == AbsentParts.Kind.STRUCTURE) {
        more--;
        reasons.putIfAbsent(
            part(one.path(), subtrees),
            "%s at 0x%x is not in the memory image".formatted(one.path(), one.address()));
      }
    }
    if (more > 0) {
      reasons.putIfAbsent(
          Part.KHO.name(), "%,d more structures are not in the memory image".formatted(more));
    }
    return reasons;
  }

  /** Returns the part that a finding is about: that of its subtree, or the root's. */
  private static String part(Finding finding, Set<String> subtrees) {
    String part = part(finding.path(), subtrees);
    if (!subtree(finding.path()).equals(LuoSer.SUBTREE)) {
      return part;
    }
    return switch (finding.rule().group()) {
      case "MEMFD", "VMALLOC" -> Part.MEMFD.name();
      case "FLB" -> Part.FLB.name();
      case "OWN" -> part;
      default -> Part.LUO.name();
    };
  }

  /** Returns the part that a path is in. */
  private static String part(String path, Set<String> subtrees) {
    String subtree = subtree(path);
    return subtrees.contains(subtree)
        ? Part.ofPath(path).map(Part::name).orElse(subtree)
        : Part.KHO.name();
  }

  private static String subtree(String path) {
    return path.split("/", 3)[1];
  }

  /**
   * Returns the fate of a part in which a rule is broken. A warning that may end well is unknown.
   */
  private static Verdict verdict(Rule rule, String part) {
    Set<Outcome> outcomes = rule.outcomes();
    boolean well = outcomes.contains(Outcome.RESTORED) || outcomes.contains(Outcome.WARNED);
    Verdict verdict = ill(outcomes, part);
    return well && verdict != Verdict.OK && rule.severity() == Severity.WARNING
        ? Verdict.UNKNOWN
        : verdict;
  }

  /** Returns the fate of a part if none of the good outcomes comes true. */
  private static Verdict ill(Set<Outcome> outcomes, String part) {
    if (outcomes.contains(Outcome.PANIC) || outcomes.contains(Outcome.HANG)) {
      boolean surely =
          outcomes.stream().allMatch(one -> one == Outcome.PANIC || one == Outcome.HANG);
      return surely ? Verdict.PANIC : Verdict.CORRUPT;
    }
    if (!outcomes.contains(Outcome.FAILED) && !outcomes.contains(Outcome.LOST)) {
      return Verdict.OK;
    }
    if (part.equals(Part.KEXEC_METADATA.name())) {
      return Verdict.DEGRADED;
    }
    boolean inLuo =
        part.equals(Part.LUO.name())
            || Part.of(part).filter(one -> one.isWithin(Part.LUO)).isPresent();
    return inLuo && outcomes.contains(Outcome.FAILED) ? Verdict.UNREACHABLE : Verdict.LOST;
  }
}
