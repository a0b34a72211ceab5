package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;

/**
 * A kernel's speech about one {@link Part}.
 *
 * @param state whether it has the part at all
 * @param versions its version strings, in the order of the part's stems; empty where they are not
 *     known
 * @param evidence a phrase that names the evidence
 */
public record Speech(State state, List<String> versions, String evidence) {

  /** Whether a kernel has a part. */
  public enum State {
    YES,
    NO,
    /** Not known, or ambiguous. */
    UNKNOWN
  }

  public Speech {
    versions = List.copyOf(versions);
  }

  static Speech yes(List<String> versions, String evidence) {
    return new Speech(State.YES, versions, evidence);
  }

  static Speech no(String evidence) {
    return new Speech(State.NO, List.of(), evidence);
  }

  static Speech unknown(String evidence) {
    return new Speech(State.UNKNOWN, List.of(), evidence);
  }

  /** {@code luo-v1, luo-session-v2}; empty where no version is known. */
  public Optional<String> text() {
    return versions.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", versions));
  }

  /** The version with that stem, if there is one. */
  Optional<String> version(String stem) {
    return versions.stream().filter(version -> stem(version).equals(stem)).findFirst();
  }

  static String stem(String version) {
    int at = version.split(";", 2)[0].lastIndexOf("-v");
    return at < 0 ? version : version.substring(0, at);
  }
}
