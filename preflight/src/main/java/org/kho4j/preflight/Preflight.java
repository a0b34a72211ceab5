package org.kho4j.preflight;

import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Parts;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Speech;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.Handed;
import org.kho4j.preflight.outgoing.Integrity;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.kho4j.preflight.outgoing.Integrity.Damage;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.profile.Speech.State;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.verify.Scratch;

/** Predicts whether one kernel accepts the handover of another. */
public final class Preflight {

  private final Profile from;
  private final Optional<Handed> handed;
  private final Profile to;
  private final KernelPair pair;
  private final Judged judged = new Judged();
  private final List<String> notes = new ArrayList<>();

  private Preflight(Profile from, Optional<Handed> handed, Profile to) {
    this.from = from;
    this.handed = handed;
    this.to = to;
    this.pair = new KernelPair(from, to);
  }

  /**
   * Returns the sentence for kernels of two architectures, between which kexec does not go; empty
   * for a pair that can be judged.
   */
  public static Optional<String> impossible(Profile from, Profile to) {
    boolean known =
        from.architecture() != Architecture.UNKNOWN && to.architecture() != Architecture.UNKNOWN;
    return known && from.architecture() != to.architecture()
        ? Optional.of(
            "%s is for %s, but %s is for %s: kexec cannot change the architecture"
                .formatted(from.source(), from.architecture(), to.source(), to.architecture()))
        : Optional.empty();
  }

  /**
   * Judges a pair.
   *
   * @param from the kernel that hands over
   * @param handed the parts that it really hands over; empty for all that it can
   * @param to the kernel that takes it
   * @param next the next kernel's command line, if it is known
   */
  public static Report judge(
      Profile from, Optional<Handed> handed, Profile to, Optional<CommandLine> next) {
    return judge(from, handed, to, next, Optional.empty());
  }

  /**
   * Judges a pair and kexec's load of the next kernel.
   *
   * @param initrd bytes of the next kernel's initrd; empty to judge the load only where the kernel
   *     alone does not fit
   */
  public static Report judge(
      Profile from,
      Optional<Handed> handed,
      Profile to,
      Optional<CommandLine> next,
      Optional<Long> initrd) {
    return new Preflight(from, handed, to).judge(next, initrd);
  }

  private Report judge(Optional<CommandLine> next, Optional<Long> initrd) {
    for (Part part : Parts.ALL) {
      if (isUsed(part)) {
        judge(part, from.speech(part));
      }
    }
    handed.ifPresent(this::others);
    handed.ifPresent(this::possible);
    closedByAHandler();
    content();
    handed.ifPresent(this::nameless);
    NextCommandLine line = new NextCommandLine(to, judged, notes);
    handed.ifPresent(what -> line.reservations(what.reservations(), next));
    next.ifPresentOrElse(line::switches, line::assume);
    missingArchitecture();
    missingTypes();
    Optional<Scratch> scratch = handed.flatMap(Handed::scratch);
    List<Component> components = new ArrayList<>(judged.components());
    KexecLoad.judge(from, scratch, to, initrd).ifPresent(components::add);
    List<String> findings = new ArrayList<>(from.findings());
    to.findings().stream().filter(text -> !findings.contains(text)).forEach(findings::add);
    return new Report(components, findings, notes, scratch);
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

  /**
   * Judges a part by itself and by its container. Where the container's own fate is open, the part
   * may arrive after all: its own verdict counts if that is worse.
   */
  private void judge(Part part, Speech ours) {
    Component itself = pair.judge(part, ours);
    Optional<Verdict> around =
        part.within().flatMap(Parts::of).flatMap(judged::verdict).filter(Verdict::spreads);
    boolean decided =
        around
            .filter(verdict -> !verdict.isOpen() || verdict.compareTo(itself.verdict()) >= 0)
            .isPresent();
    judged.add(
        part,
        decided
            ? new Component(
                itself.name(),
                itself.from(),
                itself.to(),
                around.orElseThrow(),
                Judged.goesWith(part.within().orElseThrow()))
            : itself);
  }

  /** Judges the handlers, shared data and subtrees in use that have no row. */
  private void others(Handed what) {
    for (String handler : new TreeSet<>(what.handlers())) {
      if (!Parts.MEMFD.isOf(handler) && !handler.isEmpty()) {
        judge(
            Part.fileHandler(handler),
            Speech.yes(List.of(handler), "a file with this handler is handed over"));
      }
    }
    for (String flb : new TreeSet<>(what.flbs())) {
      if (!Parts.FLB.isOf(flb) && !flb.isEmpty()) {
        judge(Part.flb(flb), Speech.yes(List.of(flb), "it is in the handover"));
      }
    }
    for (String stranger : what.strangers()) {
      Part part = Part.stranger(stranger);
      Optional<Verdict> around = judged.verdict(Parts.KHO).filter(Verdict::spreads);
      judged.add(
          part,
          new Component(
              stranger,
              Optional.empty(),
              Optional.empty(),
              around.orElse(Verdict.UNKNOWN),
              around.isPresent()
                  ? Judged.goesWith(Parts.KHO.name())
                  : "kho4j does not know this subtree, so it is unknown whether the next kernel"
                      + " accepts it"));
    }
  }

  /**
   * Judges the parts that the first kernel may still write. Only a refusal makes a row: whether
   * there is anything to refuse, is unknown.
   */
  private void possible(Handed what) {
    if (what.possible().isEmpty()
        || judged.verdict(Parts.LUO).filter(Verdict::spreads).isPresent()) {
      return;
    }
    notes.add(
        "the handover has no LUO sessions: a kernel writes sessions and files only at the jump, so"
            + " what is read before the jump does not show them"
            + (from.speech(Parts.MEMFD).state() == State.UNKNOWN
                ? "; --from-kernel gives the versions of files"
                : ""));
    for (Part part : Parts.ALL) {
      Speech ours = from.speech(part);
      if (what.possible().contains(part.name()) && ours.state() != State.NO) {
        Component later = pair.judge(part, ours);
        if (later.verdict().compareTo(Verdict.UNKNOWN) > 0) {
          judged.add(
              part,
              new Component(
                  later.name(),
                  later.from(),
                  later.to(),
                  Verdict.UNKNOWN,
                  "no session is written yet; one with it would fail: " + later.because()));
        }
      }
    }
  }

  /** A file or an FLB without a name is none of any part: no kernel finds its owner. */
  private void nameless(Handed what) {
    if (what.handlers().contains("")) {
      judged.spoilIfRead(
          judged.part(Parts.LUO.name()),
          Verdict.UNREACHABLE,
          "the handler of a file has no name: no kernel finds it, and every open of"
              + " /dev/liveupdate fails");
    }
    if (what.flbs().contains("")) {
      judged.spoilIfRead(
          judged.part(Parts.FLB.name()),
          Verdict.UNREACHABLE,
          "an FLB has no name: no kernel finds it, and its users fail");
    }
  }

  /**
   * Spreads the verdict of an unopenable kind of file: one of them closes /dev/liveupdate for all.
   */
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

  /** Applies the findings of verify in the memory image. */
  private void content() {
    Optional<Integrity> integrity = handed.flatMap(Handed::integrity);
    if (integrity.isEmpty()) {
      notes.add(
          "the content of the handover was not examined: that needs the first kernel's memory"
              + " (--from IMAGE, or --from running as root)");
      return;
    }
    for (Damage damage : integrity.get().damages()) {
      Part part = judged.part(damage.part());
      if (isOfAnotherLayout(part)) {
        notes.add(
            "the content of %s was not examined: its layout in the first kernel is not that of its version"
                .formatted(part.name()));
      } else {
        judged.spoilIfRead(part, damage.verdict(), damage.because());
      }
    }
    notes.addAll(integrity.get().notes());
  }

  /**
   * Returns whether the first kernel's own layout of a part, or of its container, breaks the
   * contract.
   */
  private boolean isOfAnotherLayout(Part part) {
    return ClaimedLayouts.isBroken(from, part)
        || part.within().flatMap(Parts::of).filter(this::isOfAnotherLayout).isPresent();
  }

  private void missingArchitecture() {
    for (Profile kernel : List.of(from, to)) {
      if (kernel.architecture() == Architecture.UNKNOWN) {
        notes.add(
            kernel.source()
                + " does not show its architecture: it is assumed to be that of the other kernel");
      }
    }
  }

  private void missingTypes() {
    for (Profile kernel : List.of(from, to)) {
      if (kernel.types().isEmpty()) {
        notes.add(kernel.source() + " has no types (BTF): its layouts cannot be compared");
      } else {
        for (Part part : judged.parts()) {
          ClaimedLayouts.lacking(kernel, part)
              .forEach(
                  name -> notes.add("the types of %s lack %s".formatted(kernel.source(), name)));
        }
      }
    }
  }
}
