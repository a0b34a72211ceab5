package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.outgoing.Integrity;
import org.kho4j.preflight.outgoing.Integrity.Damage;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.KernelConfig;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.preflight.profile.Support.State;
import org.kho4j.verify.Scratch;

/** Predicts whether one kernel accepts the handover of another. */
public final class Preflight {

  private final Profile from;
  private final Optional<HandoverContent> content;
  private final Profile to;
  private final PartJudge parts;
  private final PartVerdicts verdicts = new PartVerdicts();
  private final List<String> notes = new ArrayList<>();

  private Preflight(Profile from, Optional<HandoverContent> content, Profile to) {
    this.from = from;
    this.content = content;
    this.to = to;
    this.parts = new PartJudge(from, to);
  }

  /**
   * Judges a pair.
   *
   * @param from the kernel that hands over
   * @param content what it hands over; empty, which means all that it can, if that is not known
   * @param to the kernel that takes it
   * @param next the next kernel's command line, if it is known
   */
  public static Report judge(
      Profile from, Optional<HandoverContent> content, Profile to, Optional<CommandLine> next) {
    return judge(from, content, to, next, Optional.empty());
  }

  /**
   * Judges a pair and kexec's load of the next kernel.
   *
   * @param initrd bytes of the next kernel's initrd; empty to judge the load only where the kernel
   *     alone does not fit
   */
  public static Report judge(
      Profile from,
      Optional<HandoverContent> content,
      Profile to,
      Optional<CommandLine> next,
      Optional<Long> initrd) {
    return new Preflight(from, content, to).judge(next, initrd);
  }

  private Report judge(Optional<CommandLine> next, Optional<Long> initrd) {
    for (Part part : Part.ALL) {
      if (isUsed(part)) {
        judge(part, from.support(part));
      }
    }
    for (Part client : from.clients()) {
      if (content.isEmpty() || isUsed(client)) {
        judge(client, from.support(client));
      }
    }
    content.ifPresent(this::others);
    content.ifPresent(this::possible);
    closedByAHandler();
    integrity();
    content.ifPresent(this::nameless);
    Optional<CommandLine> used = to.config().map(config -> config.used(next)).orElse(next);
    if (next.isEmpty() || !used.equals(next)) {
      to.config()
          .flatMap(KernelConfig::predicate)
          .ifPresent(predicate -> notes.add(to.source() + " " + predicate));
    }
    NextCommandLine line = new NextCommandLine(to, verdicts, notes);
    content.ifPresent(what -> line.reservations(what.reservations(), used));
    used.ifPresentOrElse(line::switches, line::assume);
    missingArchitecture();
    missingTypes();
    Optional<Scratch> scratch = content.flatMap(HandoverContent::scratch);
    List<Component> components = new ArrayList<>(verdicts.components());
    KexecLoad.judge(from, scratch, to, initrd).ifPresent(components::add);
    List<String> findings =
        Stream.of(from, to)
            .flatMap(kernel -> new ClaimedLayouts(kernel).findings().stream())
            .distinct()
            .toList();
    return new Report(components, findings, notes, scratch);
  }

  private boolean isUsed(Part part) {
    if (content.isPresent()) {
      return content.get().parts().contains(part.name());
    }
    State state = from.support(part).state();
    return part.equals(Part.KHO)
        || state == State.YES
        || (state == State.UNKNOWN && !part.feature().modular());
  }

  /**
   * Judges a part by itself and by its container. Where the container's own fate is open, the part
   * may arrive after all: its own verdict counts if that is worse.
   */
  private void judge(Part part, Support ours) {
    Component itself = parts.judge(part, ours);
    Optional<Verdict> around =
        part.within().flatMap(Part::of).flatMap(verdicts::verdict).filter(Verdict::spreads);
    boolean decided =
        around
            .filter(verdict -> !verdict.isOpen() || verdict.compareTo(itself.verdict()) >= 0)
            .isPresent();
    verdicts.add(
        part,
        decided
            ? itself.with(around.orElseThrow(), PartVerdicts.goesWith(part.within().orElseThrow()))
            : itself);
  }

  /** Judges the handlers, shared data and subtrees in use that have no row. */
  private void others(HandoverContent what) {
    for (String handler : new TreeSet<>(what.handlers())) {
      if (!Part.MEMFD.isOf(handler) && !handler.isEmpty()) {
        judge(
            Part.fileHandler(handler),
            Support.yes(List.of(handler), "a file with this handler is handed over"));
      }
    }
    for (String flb : new TreeSet<>(what.flbs())) {
      if (!Part.FLB.isOf(flb) && !flb.isEmpty()) {
        judge(Part.flb(flb), Support.yes(List.of(flb), "it is in the handover"));
      }
    }
    for (String name : what.unknownSubtrees()) {
      Part part = Part.unknownSubtree(name);
      Optional<Verdict> around = verdicts.verdict(Part.KHO).filter(Verdict::spreads);
      verdicts.add(
          part,
          new Component(
              name,
              Optional.empty(),
              Optional.empty(),
              around.orElse(Verdict.UNKNOWN),
              around.isPresent()
                  ? PartVerdicts.goesWith(Part.KHO.name())
                  : "kho4j does not know this subtree, so it is unknown whether the next kernel"
                      + " accepts it"));
    }
  }

  /**
   * Judges the parts that the first kernel may still write. Only a refusal makes a row: whether
   * there is anything to refuse, is unknown.
   */
  private void possible(HandoverContent what) {
    if (what.possible().isEmpty()
        || verdicts.verdict(Part.LUO).filter(Verdict::spreads).isPresent()) {
      return;
    }
    notes.add(
        "the handover has no LUO sessions: a kernel writes sessions and files only at the jump, so"
            + " what is read before the jump does not show them"
            + (from.support(Part.MEMFD).state() == State.UNKNOWN
                ? "; --from-kernel gives the versions of files"
                : ""));
    Stream<Part> rows = Part.ALL.stream().filter(part -> what.possible().contains(part.name()));
    for (Part part : Stream.concat(rows, from.clients().stream()).toList()) {
      Support ours = from.support(part);
      if (ours.state() != State.NO) {
        Component later = parts.judge(part, ours);
        if (later.verdict().compareTo(Verdict.UNKNOWN) > 0) {
          verdicts.add(
              part,
              later.with(
                  Verdict.UNKNOWN,
                  "no session is written yet; one with it would fail: " + later.because()));
        }
      }
    }
  }

  /** A file or an FLB without a name is none of any part: no kernel finds its owner. */
  private void nameless(HandoverContent what) {
    if (what.handlers().contains("")) {
      verdicts.spoilIfRead(
          verdicts.part(Part.LUO.name()),
          Verdict.UNREACHABLE,
          "the handler of a file has no name: no kernel finds it, and every open of"
              + " /dev/liveupdate fails");
    }
    if (what.flbs().contains("")) {
      verdicts.spoilIfRead(
          verdicts.part(Part.FLB.name()),
          Verdict.UNREACHABLE,
          "an FLB has no name: no kernel finds it, and its users fail");
    }
  }

  /**
   * Spreads the verdict of an unopenable kind of file: one of them closes /dev/liveupdate for all.
   */
  private void closedByAHandler() {
    Optional<String> closed =
        verdicts.components().stream()
            .filter(component -> component.verdict() == Verdict.UNREACHABLE)
            .map(Component::name)
            .findFirst();
    closed.ifPresent(name ->
        verdicts.spoil(
            part -> part.equals(Part.LUO) || part.isWithin(Part.LUO),
            Verdict.UNREACHABLE,
            "/dev/liveupdate cannot be opened because of " + name));
  }

  /** Applies the findings of verify in the memory image. */
  private void integrity() {
    Optional<Integrity> integrity = content.flatMap(HandoverContent::integrity);
    if (integrity.isEmpty()) {
      if (from.support(Part.KHO).state() != Support.State.NO) {
        notes.add(
            "the content of the handover was not examined: that needs the first kernel's memory"
                + " (--from IMAGE, or --from running as root)");
      }
      return;
    }
    for (Damage damage : integrity.get().damages()) {
      Part part = verdicts.part(damage.part());
      if (isOfAnotherLayout(part)) {
        notes.add(
            "the content of %s was not examined: its layout in the first kernel is not that of its version"
                .formatted(part.name()));
      } else {
        verdicts.spoilIfRead(part, damage.verdict(), damage.because());
      }
    }
    notes.addAll(integrity.get().notes());
  }

  /**
   * Returns whether the first kernel's own layout of a part, or of its container, breaks the
   * contract.
   */
  private boolean isOfAnotherLayout(Part part) {
    return new ClaimedLayouts(from).isBroken(part)
        || part.within().flatMap(Part::of).filter(this::isOfAnotherLayout).isPresent();
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
        ClaimedLayouts claimed = new ClaimedLayouts(kernel);
        if (verdicts.parts().stream().anyMatch(claimed::hasPlacesOnly)) {
          notes.add(ClaimedLayouts.placesOnly(kernel));
        }
        verdicts.parts().stream()
            .flatMap(part -> claimed.lacking(part).stream())
            .distinct()
            .map(name -> "the types of %s lack %s".formatted(kernel.source(), name))
            .forEach(notes::add);
      }
    }
  }
}
