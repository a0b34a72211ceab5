package org.kho4j.preflight;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.kho4j.preflight.Report.Component;

/**
 * The parts of one handover with their verdicts, which only get worse, but for those of parts that
 * nobody looks at.
 */
final class Judged {

  private record Entry(Part part, Component component) {

    Entry judged(Verdict verdict, String because) {
      return new Entry(
          part,
          new Component(component.name(), component.from(), component.to(), verdict, because));
    }
  }

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

  /**
   * Nobody looks at a part, nor at what arrives in it: whatever was found of them before cannot
   * happen, unless the handover as a whole does not arrive.
   */
  void lose(Part part, String because) {
    if (verdict(Parts.KHO).filter(verdict -> verdict == Verdict.OK).isEmpty()) {
      spoil(part, Verdict.LOST, because);
      return;
    }
    entries.replaceAll((_, entry) -> {
      boolean itself = entry.part().name().equals(part.name());
      boolean inside = entry.part().within().equals(Optional.of(part.name()));
      return itself || inside
          ? entry.judged(Verdict.LOST, itself ? because : "it goes with " + part.name())
          : entry;
    });
  }

  /** Makes the verdicts of some parts worse, where they are better. */
  void spoil(Predicate<Part> which, Verdict verdict, String because) {
    entries.replaceAll((_, entry) ->
        which.test(entry.part()) && entry.component().verdict().compareTo(verdict) < 0
            ? entry.judged(verdict, because)
            : entry);
  }
}
