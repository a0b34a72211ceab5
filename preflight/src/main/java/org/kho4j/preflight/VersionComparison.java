package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.kho4j.abi.VersionString;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Support;

/**
 * Compares versions like a kernel: as whole strings; every version that the kernel looks for has to
 * exist.
 */
final class VersionComparison {

  private VersionComparison() {}

  /** Returns the difference for which the next kernel refuses a part; empty if there is none. */
  static Optional<String> difference(Part part, Support ours, Support theirs) {
    for (String version : ours.versions()) {
      if (!theirs.versions().contains(version) && has(part, theirs, part.stemOf(version))) {
        return Optional.of(
            "%s is handed over, but the next kernel reads %s%s"
                .formatted(
                    version,
                    theirs.text().orElse("another version"),
                    components(version, theirs.version(part.stemOf(version)))));
      }
    }
    for (String version : theirs.versions()) {
      if (!ours.versions().isEmpty() && !has(part, ours, part.stemOf(version))) {
        return Optional.of(
            "the next kernel asks for %s, which is not handed over".formatted(version));
      }
    }
    return features(ours, theirs);
  }

  /**
   * Returns the difference in features: a reader without all features that the writer requires
   * refuses the data.
   */
  private static Optional<String> features(Support ours, Support theirs) {
    if (ours.features().isEmpty() || theirs.features().isEmpty()) {
      return Optional.empty();
    }
    long required = ours.features().get().required();
    long supported = theirs.features().get().supported();
    return (required & ~supported) == 0
        ? Optional.empty()
        : Optional.of(
            "features 0x%x are required, and 0x%x supported: 0x%x are missing"
                .formatted(required, supported, required & ~supported));
  }

  /** Describes the common and the different components of two strings, if one is composite. */
  private static String components(String ours, Optional<String> theirs) {
    Optional<VersionString> first = VersionString.of(ours);
    Optional<VersionString> second = theirs.flatMap(VersionString::of);
    if (first.isEmpty()
        || second.isEmpty()
        || !(first.get().isComposite() || second.get().isComposite())) {
      return "";
    }
    List<String> one = first.get().components().toList();
    List<String> other = second.get().components().toList();
    StringJoiner text = new StringJoiner("; ", " (", ")");
    add(text, "the same", one.stream().filter(other::contains));
    add(
        text,
        "differ",
        one.stream()
            .filter(component -> !other.contains(component))
            .flatMap(component ->
                other.stream()
                    .filter(sameStem(component))
                    .map(counterpart -> component + " > " + counterpart)));
    add(text, "only handed over", one.stream().filter(component -> lacks(other, component)));
    add(text, "only taken", other.stream().filter(component -> lacks(one, component)));
    return text.toString();
  }

  private static void add(StringJoiner text, String what, Stream<String> components) {
    String all = String.join(", ", components.toList());
    if (!all.isEmpty()) {
      text.add(what + ": " + all);
    }
  }

  private static boolean lacks(List<String> components, String component) {
    return components.stream().noneMatch(sameStem(component));
  }

  private static Predicate<String> sameStem(String component) {
    return other -> VersionString.stem(other).equals(VersionString.stem(component));
  }

  /** Returns the version that the next kernel does not look for; empty if it looks for all. */
  static Optional<String> dropped(Part part, Support ours, Support theirs) {
    return ours.versions().stream()
        .filter(version -> !theirs.versions().isEmpty() && !has(part, theirs, part.stemOf(version)))
        .findFirst()
        .map("%s is handed over, but the next kernel does not look for it"::formatted);
  }

  private static boolean has(Part part, Support support, String stem) {
    return support.versions().stream().anyMatch(version -> part.stemOf(version).equals(stem));
  }
}
