package org.kho4j.handover.map;

import java.util.Locale;
import org.kho4j.abi.KhoVersion.MapForm;

/**
 * The form of a preserved map, with the evidence for it: kernels changed the form under an
 * unchanged version string, and a kernel does not notice.
 *
 * @param form in which the map is read
 * @param certainty certainty of the form
 * @param because a sentence with the evidence
 */
public record MapEvidence(MapForm form, Certainty certainty, String because) {

  /** The certainty that a map has a form. */
  public enum Certainty {
    /** The version has no other form with this page size. */
    ONLY,
    /** The caller gave the form. */
    TOLD,
    /** The content of the map excludes the other form. */
    CERTAIN,
    /** The content excludes no form, but is improbable in the other form. */
    LIKELY,
    /** The content excludes no form, and every form gives the same blocks. */
    SAME_EITHER_WAY,
    /** The content of the map does not exclude the other form. */
    UNSURE;

    /** Returns the label in output, such as {@code "same-either-way"}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
