package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whether one kernel takes what another hands over.
 *
 * @param verdict the worst of the components
 * @param components the parts that count, those first that others arrive in
 * @param findings where a kernel's layout is not that of the version it claims
 * @param notes what could not be looked at, and what else to know
 */
public record Report(
    Verdict verdict, List<Component> components, List<String> findings, List<String> notes) {

  /**
   * One part.
   *
   * @param from the version that is handed over, where it has one
   * @param to the version that the next kernel takes, where it has one
   * @param because why, and what a real kernel does
   */
  public record Component(
      String name, Optional<String> from, Optional<String> to, Verdict verdict, String because) {}

  public Report {
    components = List.copyOf(components);
    findings = List.copyOf(findings);
    notes = List.copyOf(notes);
  }

  /** The same with more notes before its own. */
  public Report withNotes(List<String> more) {
    return new Report(
        verdict, components, findings, Stream.concat(more.stream(), notes.stream()).toList());
  }
}
