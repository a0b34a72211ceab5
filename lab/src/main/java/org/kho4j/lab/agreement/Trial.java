package org.kho4j.lab.agreement;

/**
 * A handover to boot a kernel on.
 *
 * @param kernel name of the kernel
 * @param kind how it came about
 * @param rule that is to be broken, or that it comes close to; of a sound one {@code -}
 * @param number of the trial among those of kind and rule, from 1
 */
record Trial(String kernel, Kind kind, String rule, int number) {

  /** In place of the rule, where there is none. */
  static final String NO_RULE = "-";

  /** How a handover came about. */
  enum Kind {
    /** A kernel wrote it. */
    SOUND("sound, as a kernel wrote it"),
    /** Changed so that it comes close to breaking a rule. */
    BESIDE("changed, and sound"),
    /** Changed so that it breaks a rule. */
    BROKEN("broken in one place");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** For people. */
    String label() {
      return label;
    }
  }
}
