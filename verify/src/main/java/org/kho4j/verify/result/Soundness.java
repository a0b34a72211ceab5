package org.kho4j.verify.result;

import java.util.Locale;

/** The result of a verification in one word, best first. */
public enum Soundness {
  /** A kernel has taken the handover: nothing is left to check. */
  CONSUMED,
  /** Every rule that could be checked holds. */
  SOUND,
  /** There are warnings, and no errors. */
  WARNINGS,
  /** At least one finding is an error. */
  ERRORS;

  /**
   * Returns the verdict on a handover.
   *
   * @param consumed whether a kernel has taken it
   */
  public static Soundness of(Checked checked, boolean consumed) {
    if (checked.count(Severity.ERROR) > 0) {
      return ERRORS;
    }
    if (checked.count(Severity.WARNING) > 0) {
      return WARNINGS;
    }
    return consumed ? CONSUMED : SOUND;
  }

  /** Returns the name in lower case, as in JSON. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
