package org.kho4j.preflight;

import java.util.Optional;

/** Compares versions as kernels do: whole strings, and each that is asked for has to be there. */
final class Versions {

  private Versions() {}

  /** The difference for which the next kernel refuses a part; empty where there is none. */
  static Optional<String> difference(Part part, Speech ours, Speech theirs) {
    for (String version : ours.versions()) {
      if (!theirs.versions().contains(version) && has(part, theirs, part.stemOf(version))) {
        return Optional.of(
            "%s is handed over, and %s taken"
                .formatted(version, theirs.text().orElse("another version")));
      }
    }
    for (String version : theirs.versions()) {
      if (!ours.versions().isEmpty() && !has(part, ours, part.stemOf(version))) {
        return Optional.of("%s is asked for, and not handed over".formatted(version));
      }
    }
    return Optional.empty();
  }

  /** The version that the next kernel does not look for; empty where it looks for all. */
  static Optional<String> dropped(Part part, Speech ours, Speech theirs) {
    return ours.versions().stream()
        .filter(version -> !theirs.versions().isEmpty() && !has(part, theirs, part.stemOf(version)))
        .findFirst()
        .map("%s is handed over, and the next kernel does not look for it"::formatted);
  }

  private static boolean has(Part part, Speech speech, String stem) {
    return speech.versions().stream().anyMatch(version -> part.stemOf(version).equals(stem));
  }
}
