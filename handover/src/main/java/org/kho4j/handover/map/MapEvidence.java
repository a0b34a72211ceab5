package org.kho4j.handover.map;

import java.util.Locale;
import org.kho4j.abi.KhoVersion.MapForm;

/**
 * Which form a preserved map has, and how that is known: kernels changed the form under an
 * unchanged version string, and a kernel does not notice.
 *
 * @param form that the map is read in
 * @param certainty how sure that is
 * @param because a sentence with what speaks for it
 */
public record MapEvidence(MapForm form, Certainty certainty, String because) {

  /** How sure it is that a map has a form. */
  public enum Certainty {
    /** The version has no other form with this page size. */
    ONLY,
    /** The caller gave the form. */
    TOLD,
    /** The content of the map excludes the other form. */
    CERTAIN,
    /** It does not show, and in the other form the map would hardly look like this. */
    LIKELY,
    /** It does not show, and makes no difference: in each form the map says the same. */
    SAME_EITHER_WAY,
    /** The content of the map does not exclude the other form. */
    UNSURE;

    /** Such as {@code "same-either-way"}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
