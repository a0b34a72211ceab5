package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.layout.ContractLayouts;
import org.kho4j.preflight.layout.TypeDifference;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Part.Fate;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.KernelPair;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.preflight.profile.Support.State;

/**
 * Judges the parts of a handover by the versions, page sizes and layouts of two kernels. A known
 * difference decides, whatever else is unknown.
 */
final class PartJudge {

  private final KernelPair pair;
  private final ClaimedLayouts from;
  private final ClaimedLayouts to;

  PartJudge(Profile from, Profile to) {
    this.pair = new KernelPair(from, to);
    this.from = new ClaimedLayouts(from);
    this.to = new ClaimedLayouts(to);
  }

  /** Judges a part by itself, as if its container arrives. */
  Component judge(Part part, Support ours) {
    Support theirs = pair.to().support(part);
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
    // A kernel reads these before any version.
    List<String> early =
        part.equals(Part.KHO) ? differences(ContractLayouts.UNVERSIONED.stream()) : List.of();
    if (!early.isEmpty()) {
      return component(
          part, ours, theirs, part.moved(), "in the next kernel " + String.join("; ", early));
    }
    Optional<String> other = VersionComparison.difference(part, ours, theirs);
    if (other.isPresent()) {
      return component(part, ours, theirs, part.other(), other.get());
    }
    return sameVersion(part, ours, theirs);
  }

  /** Judges a part whose versions do not differ, as far as they are known. */
  private Component sameVersion(Part part, Support ours, Support theirs) {
    Optional<String> unknown = unknownVersion(ours, theirs);
    Optional<String> pages = part.equals(Part.KHO) ? pageSizes() : Optional.empty();
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
    return VersionComparison.dropped(part, ours, theirs)
        .map(dropped -> component(part, ours, theirs, Verdict.DEGRADED, dropped))
        .orElseGet(() -> component(part, ours, theirs, Verdict.OK, same(part)));
  }

  /** Returns the clause about a version that is not known; empty where both are. */
  private static Optional<String> unknownVersion(Support ours, Support theirs) {
    if (!ours.versions().isEmpty() && !theirs.versions().isEmpty()) {
      return Optional.empty();
    }
    boolean first = ours.versions().isEmpty();
    Support support = first ? ours : theirs;
    return Optional.of(
        "the version of the %s kernel is unknown (%s%s)"
            .formatted(
                first ? "first" : "next",
                support.state() == State.YES ? "a number in its code that was not found; " : "",
                support.evidence()));
  }

  private Optional<String> pageSizes() {
    Optional<PageSize> ours = pair.from().pageSize();
    Optional<PageSize> theirs = pair.to().pageSize();
    return ours.isPresent() && theirs.isPresent() && ours.get() != theirs.get()
        ? Optional.of(
            ("its page size is %s, not %s, and no kernel checks that: it walks the preserved map"
                    + " with its own page size, follows invalid addresses, and panics in early boot")
                .formatted(theirs.get(), ours.get()))
        : Optional.empty();
  }

  private String same(Part part) {
    List<String> tags = part.tags().toList();
    if (tags.isEmpty()) {
      return "same version";
    }
    if (tags.stream()
        .noneMatch(tag -> pair.from().type(tag).isPresent() && pair.to().type(tag).isPresent())) {
      return "same version; layouts not compared";
    }
    if (part.equals(Part.KHO) && !differences(Part.SHARED.stream()).isEmpty()) {
      return "same version; structures that other parts are read through have another layout";
    }
    boolean whole =
        Stream.of(from, to)
            .allMatch(one -> one.lacking(part).isEmpty() && !one.hasPlacesOnly(part));
    return whole ? "same version and layout" : "same version; not all layouts compared";
  }

  /** Returns the differences between the layouts of the two kernels, a clause each. */
  private List<String> moved(Part part) {
    List<String> found = new ArrayList<>(differences(part.tags()));
    found.addAll(pair.constantDifferences(part));
    if (part.equals(Part.KHO)) {
      from.version()
          .ifPresent(version -> {
            List<String> unwritten = from.missingProperties(version);
            List<String> unread = to.missingProperties(version);
            if (unwritten.isEmpty()) {
              found.addAll(unread);
            } else if (unread.isEmpty()) {
              unwritten.forEach(text -> found.add("of what the first kernel writes, " + text));
            }
          });
    }
    return found;
  }

  private List<String> differences(Stream<String> tags) {
    return pair.typeDifferences(tags).stream()
        .filter(TypeDifference::matters)
        .map(TypeDifference::text)
        .toList();
  }

  private static Component component(
      Part part, Support ours, Support theirs, Verdict verdict, String because) {
    return new Component(part.name(), ours.text(), theirs.text(), verdict, because);
  }

  private static Component component(
      Part part, Support ours, Support theirs, Fate fate, String because) {
    return component(part, ours, theirs, fate.verdict(), because + ": " + fate.kernel());
  }
}
