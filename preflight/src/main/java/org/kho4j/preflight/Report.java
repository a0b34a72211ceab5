package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.verify.Scratch;

/**
 * The result of preflight: the verdict, and the verdict of each part with its reason.
 *
 * @param components the judged parts, containers before their contents
 * @param findings the places where a kernel's layout is not the layout of the version it claims
 * @param notes the parts that were not examined, and other remarks
 * @param scratch the memory that scratch takes, where it is known
 */
public record Report(
    List<Component> components,
    List<String> findings,
    List<String> notes,
    Optional<Scratch> scratch) {

  /**
   * A part of the handover, with its verdict.
   *
   * @param from the version that is handed over, where it has one
   * @param to the version that the next kernel takes, where it has one
   * @param because the reason, and what a real kernel does
   */
  public record Component(
      String name, Optional<String> from, Optional<String> to, Verdict verdict, String because) {

    /** Returns the part with another verdict. */
    Component with(Verdict other, String reason) {
      return new Component(name, from, to, other, reason);
    }
  }

  public Report {
    components = List.copyOf(components);
    findings = List.copyOf(findings);
    notes = List.copyOf(notes);
  }

  /** Returns the worst verdict of the components. */
  public Verdict verdict() {
    return components.stream().map(Component::verdict).reduce(Verdict.OK, Verdict::or);
  }

  /** Returns the number of components whose fate is not known. */
  public long unknown() {
    return components.stream().filter(one -> one.verdict() == Verdict.UNKNOWN).count();
  }

  /** Returns a copy with more notes before its own. */
  public Report withNotes(List<String> more) {
    return new Report(
        components, findings, Stream.concat(more.stream(), notes.stream()).toList(), scratch);
  }
}
