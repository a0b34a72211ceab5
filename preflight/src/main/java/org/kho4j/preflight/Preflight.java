package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.Part.Fate;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.Speech.State;
import org.kho4j.preflight.image.Architecture;

/** Judges whether one kernel takes what another hands over. */
public final class Preflight {

  private final Profile from;
  private final Optional<Handed> handed;
  private final Profile to;
  private final Judged judged = new Judged();
  private final List<String> notes = new ArrayList<>();

  private Preflight(Profile from, Optional<Handed> handed, Profile to) {
    this.from = from;
    this.handed = handed;
    this.to = to;
  }

  /**
   * The sentence for a pair that kexec would not even load; empty for a pair that can be judged.
   */
  public static Optional<String> impossible(Profile from, Profile to) {
    boolean known =
        from.architecture() != Architecture.UNKNOWN && to.architecture() != Architecture.UNKNOWN;
    return known && from.architecture() != to.architecture()
        ? Optional.of(
            "%s is a kernel for %s and %s one for %s: kexec does not go from one to the other"
                .formatted(from.source(), from.architecture(), to.source(), to.architecture()))
        : Optional.empty();
  }

  /**
   * Judges a pair.
   *
   * @param from the kernel that hands over
   * @param handed what it really hands over; empty for all that it can
   * @param to the kernel that takes it
   * @param next the next kernel's command line, if it is known
   */
  public static Report judge(
      Profile from, Optional<Handed> handed, Profile to, Optional<CommandLine> next) {
    return new Preflight(from, handed, to).judge(next);
  }

  private Report judge(Optional<CommandLine> next) {
    for (Part part : Parts.ALL) {
      if (isUsed(part)) {
        judged.add(part, judge(part, from.speech(part)));
      }
    }
    NextCommandLine line = new NextCommandLine(to, judged, notes);
    handed.ifPresent(what -> {
      others(what);
      line.reservations(what.reservations(), next);
    });
    next.ifPresentOrElse(line::switches, line::assume);
    closedByAHandler();
    missingTypes();
    List<String> findings = new ArrayList<>(from.findings());
    to.findings().stream().filter(text -> !findings.contains(text)).forEach(findings::add);
    List<Component> components = judged.components();
    Verdict worst = components.stream().map(Component::verdict).reduce(Verdict.OK, Verdict::or);
    return new Report(worst, components, findings, notes);
  }

  private boolean isUsed(Part part) {
    if (handed.isPresent()) {
      return handed.get().parts().contains(part.name());
    }
    State state = from.speech(part).state();
    return part.equals(Parts.KHO)
        || state == State.YES
        || (state == State.UNKNOWN && !part.feature().modular());
  }

  private Component judge(Part part, Speech ours) {
    Speech theirs = to.speech(part);
    Optional<Verdict> around = around(part);
    if (around.isPresent()) {
      return component(
          part, ours, theirs, around.get(), "it goes with " + part.within().orElseThrow());
    }
    if (ours.state() == State.NO) {
      return component(
          part,
          ours,
          theirs,
          Verdict.LOST,
          "the first kernel hands nothing over (%s)".formatted(ours.evidence()));
    }
    if (ours.state() == State.UNKNOWN || theirs.state() == State.UNKNOWN) {
      boolean first = ours.state() == State.UNKNOWN;
      return component(
          part,
          ours,
          theirs,
          Verdict.UNKNOWN,
          "which version the %s kernel has cannot be told: %s"
              .formatted(first ? "first" : "next", (first ? ours : theirs).evidence()));
    }
    if (theirs.state() == State.NO) {
      return fate(
          part,
          ours,
          theirs,
          part.absent(),
          "the next kernel does not have it (%s)".formatted(theirs.evidence()));
    }
    return present(part, ours, theirs);
  }

  /** The verdict on what a part arrives in, where that settles it. */
  private Optional<Verdict> around(Part part) {
    return part.within()
        .flatMap(Parts::of)
        .flatMap(judged::verdict)
        .filter(verdict -> verdict != Verdict.OK && verdict != Verdict.DEGRADED);
  }

  private Component present(Part part, Speech ours, Speech theirs) {
    Optional<String> other = Versions.difference(part, ours, theirs);
    if (other.isPresent()) {
      return fate(part, ours, theirs, part.other(), other.get());
    }
    if (part.equals(Parts.KHO)) {
      Optional<String> pages = pageSizes();
      if (pages.isPresent()) {
        return component(part, ours, theirs, Verdict.PANIC, pages.get());
      }
    }
    List<String> moved = moved(part);
    if (!moved.isEmpty()) {
      return fate(
          part,
          ours,
          theirs,
          part.moved(),
          "the same version, but in the next kernel " + String.join("; ", moved));
    }
    Optional<String> dropped = Versions.dropped(part, ours, theirs);
    if (dropped.isPresent()) {
      return component(part, ours, theirs, Verdict.DEGRADED, dropped.get());
    }
    return component(part, ours, theirs, Verdict.OK, same(part, ours, theirs));
  }

  private Optional<String> pageSizes() {
    Optional<PageSize> ours = from.pageSize();
    Optional<PageSize> theirs = to.pageSize();
    return ours.isPresent() && theirs.isPresent() && ours.get() != theirs.get()
        ? Optional.of(
                "its pages are %s, not %s, which nothing checks: it walks the preserved map as one for its own pages, follows"
                    + " addresses that are none, and panics in early boot")
            .map(text -> text.formatted(theirs.get(), ours.get()))
        : Optional.empty();
  }

  private String same(Part part, Speech ours, Speech theirs) {
    boolean told = !ours.versions().isEmpty() && !theirs.versions().isEmpty();
    String version =
        told ? "same version" : "its version is a number in the code and was not compared";
    List<String> names = typesOf(part).toList();
    boolean compared =
        names.stream().anyMatch(name -> from.type(name).isPresent() && to.type(name).isPresent());
    return names.isEmpty()
        ? version
        : version
            + (!compared
                ? "; layouts not compared"
                : told ? " and layout" : "; the layout is the same");
  }

  private static Stream<String> typesOf(Part part) {
    return Stream.concat(part.types().stream(), part.shared().stream());
  }

  /** What the two kernels declare differently. */
  private List<String> moved(Part part) {
    List<String> found = new ArrayList<>();
    typesOf(part)
        .forEach(name -> {
          Optional<KernelType> ours = from.type(name);
          Optional<KernelType> theirs = to.type(name);
          if (ours.isPresent() && theirs.isPresent()) {
            Difference.between(ours.get(), theirs.get()).stream()
                .filter(Difference::matters)
                .map(Difference::text)
                .forEach(found::add);
          }
        });
    found.addAll(AbiDiff.constants(part, from, to));
    if (part.equals(Parts.KHO)) {
      ContractTypes.version(from)
          .filter(version -> ContractTypes.missingProperties(version, from).isEmpty())
          .ifPresent(version -> found.addAll(ContractTypes.missingProperties(version, to)));
      ContractTypes.version(from)
          .filter(version -> ContractTypes.missingProperties(version, to).isEmpty())
          .ifPresent(version ->
              ContractTypes.missingProperties(version, from).stream()
                  .map(text -> "of what the first kernel writes, " + text)
                  .forEach(found::add));
    }
    return found;
  }

  /** Handlers, shared data and subtrees that are in use and that no row is about. */
  private void others(Handed what) {
    for (String handler : new TreeSet<>(what.handlers())) {
      if (!Parts.MEMFD.isOf(handler)) {
        Part part = Part.fileHandler(handler);
        judged.add(part, judge(part, Speech.yes(List.of(handler), "a file is handed over so")));
      }
    }
    for (String flb : new TreeSet<>(what.flbs())) {
      if (!Parts.FLB.isOf(flb)) {
        Part part = Part.flb(flb);
        judged.add(part, judge(part, Speech.yes(List.of(flb), "it is handed over so")));
      }
    }
    for (String stranger : what.strangers()) {
      Part part = Part.stranger(stranger);
      Optional<Verdict> around = around(part);
      judged.add(
          part,
          new Component(
              stranger,
              Optional.empty(),
              Optional.empty(),
              around.orElse(Verdict.UNKNOWN),
              around.isPresent()
                  ? "it goes with " + part.within().orElseThrow()
                  : "this subtree is not known here: whether the next kernel takes it cannot be told"));
    }
  }

  /** One kind of file that cannot be opened closes /dev/liveupdate for all. */
  private void closedByAHandler() {
    Optional<String> closed =
        judged.components().stream()
            .filter(component -> component.verdict() == Verdict.UNREACHABLE)
            .map(Component::name)
            .findFirst();
    closed.ifPresent(name ->
        judged.spoil(
            part -> part.equals(Parts.LUO) || part.within().equals(Optional.of(Parts.LUO.name())),
            Verdict.UNREACHABLE,
            "/dev/liveupdate cannot be opened because of " + name));
  }

  private void missingTypes() {
    for (Profile kernel : List.of(from, to)) {
      if (kernel.types().isEmpty()) {
        notes.add(kernel.source() + " carries no types (BTF): its layouts cannot be compared");
      } else {
        for (Part part : judged.parts()) {
          ContractTypes.expected(kernel, part).stream()
              .filter(name -> kernel.type(name).isEmpty())
              .forEach(name ->
                  notes.add("the types of %s lack struct %s".formatted(kernel.source(), name)));
        }
      }
    }
  }

  private static Component component(
      Part part, Speech ours, Speech theirs, Verdict verdict, String because) {
    return new Component(part.name(), ours.text(), theirs.text(), verdict, because);
  }

  private static Component fate(Part part, Speech ours, Speech theirs, Fate fate, String because) {
    return component(part, ours, theirs, fate.verdict(), because + ": " + fate.kernel());
  }
}
