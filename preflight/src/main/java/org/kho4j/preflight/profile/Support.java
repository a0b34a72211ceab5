package org.kho4j.preflight.profile;

import java.util.List;
import java.util.Optional;
import org.kho4j.abi.VersionString;
import org.kho4j.handover.luo.FeatureHeader;
import org.kho4j.preflight.part.Part;

/**
 * The versions or features that a kernel has for one {@link Part}.
 *
 * @param state whether the kernel has the part
 * @param versions its version strings, in the order of the part's stems; empty where they are not
 *     known
 * @param features that it supports, requires of a reader and uses, where features take the place of
 *     a version
 * @param evidence a phrase that names the evidence
 */
public record Support(
    State state, List<String> versions, Optional<FeatureHeader> features, String evidence) {

  /** The presence of a part in a kernel. */
  public enum State {
    YES,
    NO,
    /** The version is unknown or ambiguous. */
    UNKNOWN
  }

  public Support {
    versions = List.copyOf(versions);
  }

  /** Returns the support of a kernel that has the part in these versions. */
  public static Support yes(List<String> versions, String evidence) {
    return new Support(State.YES, versions, Optional.empty(), evidence);
  }

  /** Returns the support of a kernel that has features in the place of a version. */
  public static Support yes(String name, FeatureHeader features, String evidence) {
    return new Support(State.YES, List.of(name), Optional.of(features), evidence);
  }

  /** Returns the support of a kernel that does not have the part. */
  public static Support no(String evidence) {
    return new Support(State.NO, List.of(), Optional.empty(), evidence);
  }

  /** Returns the support of a kernel whose versions of the part are unknown. */
  public static Support unknown(String evidence) {
    return new Support(State.UNKNOWN, List.of(), Optional.empty(), evidence);
  }

  /**
   * Returns the versions as text, such as {@code luo-v1, luo-session-v2}; empty if no version is
   * known.
   */
  public Optional<String> text() {
    return versions.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", versions));
  }

  /** Returns the version with that stem, if there is one. */
  public Optional<String> version(String stem) {
    return versions.stream()
        .filter(version -> VersionString.stem(version).equals(stem))
        .findFirst();
  }
}
