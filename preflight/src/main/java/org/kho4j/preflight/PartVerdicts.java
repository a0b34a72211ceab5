package org.kho4j.preflight;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;

/**
 * The parts of one handover with their verdicts. Verdicts only get worse, except those of parts
 * that the next kernel does not read.
 */
final class PartVerdicts {

  private record Entry(Part part, Component component) {

    Entry judged(Verdict verdict, String because) {
      return new Entry(part, component.with(verdict, because));
    }
  }

  private final Map<String, Entry> entries = new LinkedHashMap<>();

  void add(Part part, Component component) {
    entries.put(component.name(), new Entry(part, component));
  }

  /** Returns the reason of a part that shares the fate of its container. */
  static String goesWith(String container) {
    return "it goes with " + container;
  }

  /** Returns the verdict on a part that was judged. */
  Optional<Verdict> verdict(Part part) {
    return Optional.ofNullable(entries.get(part.name())).map(entry -> entry.component().verdict());
  }

  List<Component> components() {
    return entries.values().stream().map(Entry::component).toList();
  }

  /** Returns the parts that were judged. */
  List<Part> parts() {
    return entries.values().stream().map(Entry::part).toList();
  }

  /** Returns the judged part of that name, or the innermost container of it that was judged. */
  Part part(String name) {
    Entry entry = entries.get(name);
    return entry != null
        ? entry.part()
        : Part.of(name).flatMap(Part::within).map(this::part).orElse(Part.KHO);
  }

  /** Makes a part's verdict unknown, unless it is known to be lost or worse. */
  void doubt(Part part, String because) {
    if (verdict(part).filter(verdict -> verdict.compareTo(Verdict.LOST) < 0).isPresent()) {
      spoil(part, Verdict.UNKNOWN, because);
    }
  }

  /**
   * Makes a part's verdict worse, unless the next kernel does not read the part at all. What the
   * next kernel does with damage is known, also where the damage hides the first kernel's version.
   */
  void spoilIfRead(Part part, Verdict verdict, String because) {
    Verdict before = verdict(part).orElse(Verdict.LOST);
    boolean known = verdict == Verdict.UNKNOWN && before == Verdict.DEGRADED;
    if (before == Verdict.UNKNOWN && verdict == Verdict.DEGRADED && onlyItsVersionIsUnknown(part)) {
      entries.computeIfPresent(part.name(), (_, entry) -> entry.judged(verdict, because));
    } else if (before != Verdict.LOST && !known) {
      spoil(part, verdict, because);
    }
  }

  /** Returns whether the next kernel's version is known, and the first kernel's is not. */
  private boolean onlyItsVersionIsUnknown(Part part) {
    Entry entry = entries.get(part.name());
    return entry != null
        && entry.component().from().isEmpty()
        && entry.component().to().isPresent();
  }

  /** Makes a part's verdict worse, if it is better, and those of the parts in it. */
  void spoil(Part part, Verdict verdict, String because) {
    spoil(one -> one.name().equals(part.name()), verdict, because);
    if (verdict.spreads()) {
      spoilWithin(part, verdict);
    }
  }

  private void spoilWithin(Part container, Verdict verdict) {
    for (Part part : parts()) {
      if (part.isWithin(container)) {
        spoil(one -> one.equals(part), verdict, goesWith(container.name()));
        spoilWithin(part, verdict);
      }
    }
  }

  /**
   * Settles the verdict of a part that the next kernel does not read, and of the parts in it:
   * earlier verdicts on them cannot come true, unless the handover as a whole does not arrive.
   */
  void settle(Part part, Verdict verdict, String because) {
    if (verdict(Part.KHO).filter(kho -> kho.compareTo(Verdict.LOST) < 0).isEmpty()) {
      spoil(part, verdict, because);
      return;
    }
    entries.replaceAll((_, entry) -> {
      boolean itself = entry.part().name().equals(part.name());
      return itself || entry.part().isWithin(part)
          ? entry.judged(verdict, itself ? because : goesWith(part.name()))
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
