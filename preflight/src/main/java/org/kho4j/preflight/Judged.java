package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.kho4j.preflight.Report.Component;

/** The parts of one handover with their verdicts, which only get worse. */
final class Judged {

  private record Entry(Part part, Component component) {}

  private final Map<String, Entry> entries = new LinkedHashMap<>();

  void add(Part part, Component component) {
    entries.put(component.name(), new Entry(part, component));
  }

  /** The verdict on a part that was judged. */
  Optional<Verdict> verdict(Part part) {
    return Optional.ofNullable(entries.get(part.name())).map(entry -> entry.component().verdict());
  }

  List<Component> components() {
    return entries.values().stream().map(Entry::component).toList();
  }

  /** The parts that were judged. */
  List<Part> parts() {
    return entries.values().stream().map(Entry::part).toList();
  }

  /** Makes a part's verdict unknown, unless it is known to be lost or worse. */
  void doubt(Part part, String because) {
    if (verdict(part).filter(verdict -> verdict.compareTo(Verdict.LOST) < 0).isPresent()) {
      spoil(part, Verdict.UNKNOWN, because);
    }
  }

  /** Makes a part's verdict worse, if it is better, and those of what arrives in it. */
  void spoil(Part part, Verdict verdict, String because) {
    spoil(one -> one.name().equals(part.name()), verdict, because);
    spoil(
        one -> one.within().equals(Optional.of(part.name())),
        verdict,
        "it goes with " + part.name());
  }

  /** Makes the verdicts of some parts worse, where they are better. */
  void spoil(Predicate<Part> which, Verdict verdict, String because) {
    for (Entry entry : new ArrayList<>(entries.values())) {
      Component component = entry.component();
      if (which.test(entry.part()) && component.verdict().compareTo(verdict) < 0) {
        add(
            entry.part(),
            new Component(component.name(), component.from(), component.to(), verdict, because));
      }
    }
  }
}
