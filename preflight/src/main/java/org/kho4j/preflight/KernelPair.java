package org.kho4j.preflight;

import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.Difference;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Parts;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Speech;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.diff.AbiDiff;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.part.Part.Fate;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.profile.Speech.State;

/**
 * Two kernels, compared part by part: by versions, page sizes and layouts. A known difference
 * decides, whatever else is unknown.
 *
 * @param from the kernel that hands over
 * @param to the kernel that takes it
 */
record KernelPair(Profile from, Profile to) {

  /** Judges a part by itself, as if its container arrives. */
  Component judge(Part part, Speech ours) {
    Speech theirs = to.speech(part);
    if (ours.state() == State.NO) {
      return component(
          part,
          ours,
          theirs,
          Verdict.LOST,
          "the first kernel hands nothing over (%s)".formatted(ours.evidence()));
    }
    if (theirs.state() == State.NO) {
      return component(
          part,
          ours,
          theirs,
          part.absent(),
          "the next kernel does not have it (%s)".formatted(theirs.evidence()));
    }
    Optional<String> other = Versions.difference(part, ours, theirs);
    if (other.isPresent()) {
      return component(part, ours, theirs, part.other(), other.get());
    }
    return sameVersion(part, ours, theirs);
  }

  /** Judges a part whose versions do not differ, as far as they are known. */
  private Component sameVersion(Part part, Speech ours, Speech theirs) {
    Optional<String> unknown = unknownVersion(ours, theirs);
    Optional<String> pages = part.equals(Parts.KHO) ? pageSizes() : Optional.empty();
    if (pages.isPresent()) {
      return component(part, ours, theirs, Verdict.PANIC, pages.get());
    }
    List<String> moved = moved(part);
    if (!moved.isEmpty()) {
      return component(
          part,
          ours,
          theirs,
          part.moved(),
          (unknown.isPresent() ? unknown.get() + ", but" : "the same version, but")
              + " in the next kernel "
              + String.join("; ", moved));
    }
    if (unknown.isPresent()) {
      return component(part, ours, theirs, Verdict.UNKNOWN, unknown.get());
    }
    return Versions.dropped(part, ours, theirs)
        .map(dropped -> component(part, ours, theirs, Verdict.DEGRADED, dropped))
        .orElseGet(() -> component(part, ours, theirs, Verdict.OK, same(part)));
  }

  /** Returns the clause about a version that is not known; empty where both are. */
  private static Optional<String> unknownVersion(Speech ours, Speech theirs) {
    if (!ours.versions().isEmpty() && !theirs.versions().isEmpty()) {
      return Optional.empty();
    }
    boolean first = ours.versions().isEmpty();
    Speech speech = first ? ours : theirs;
    return Optional.of(
        "the version of the %s kernel is unknown (%s%s)"
            .formatted(
                first ? "first" : "next",
                speech.state() == State.YES ? "a number in its code that was not found; " : "",
                speech.evidence()));
  }

  private Optional<String> pageSizes() {
    Optional<PageSize> ours = from.pageSize();
    Optional<PageSize> theirs = to.pageSize();
    return ours.isPresent() && theirs.isPresent() && ours.get() != theirs.get()
        ? Optional.of(
            ("its page size is %s, not %s, and no kernel checks that: it walks the preserved map"
                    + " with its own page size, follows invalid addresses, and panics in early boot")
                .formatted(theirs.get(), ours.get()))
        : Optional.empty();
  }

  private String same(Part part) {
    List<String> names = typesOf(part).toList();
    boolean compared =
        names.stream().anyMatch(name -> from.type(name).isPresent() && to.type(name).isPresent());
    if (names.isEmpty()) {
      return "same version";
    }
    if (!compared) {
      return "same version; layouts not compared";
    }
    return ClaimedLayouts.lacking(from, part).isEmpty() && ClaimedLayouts.lacking(to, part).isEmpty()
        ? "same version and layout"
        : "same version; not all layouts compared";
  }

  private static Stream<String> typesOf(Part part) {
    return Stream.concat(part.types().stream(), part.shared().stream());
  }

  /** Returns the differences between the declarations of the two kernels, a clause each. */
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
      Optional<KhoVersion> version = ClaimedLayouts.version(from);
      version
          .filter(known -> ClaimedLayouts.missingProperties(known, from).isEmpty())
          .ifPresent(known -> found.addAll(ClaimedLayouts.missingProperties(known, to)));
      version
          .filter(known -> ClaimedLayouts.missingProperties(known, to).isEmpty())
          .ifPresent(known ->
              ClaimedLayouts.missingProperties(known, from).stream()
                  .map(text -> "of what the first kernel writes, " + text)
                  .forEach(found::add));
    }
    return found;
  }

  private static Component component(
      Part part, Speech ours, Speech theirs, Verdict verdict, String because) {
    return new Component(part.name(), ours.text(), theirs.text(), verdict, because);
  }

  private static Component component(
      Part part, Speech ours, Speech theirs, Fate fate, String because) {
    return component(part, ours, theirs, fate.verdict(), because + ": " + fate.kernel());
  }
}
