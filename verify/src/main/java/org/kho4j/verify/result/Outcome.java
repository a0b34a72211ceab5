package org.kho4j.verify.result;

import java.util.Locale;

/** The outcome of a handover in the next kernel, best first. */
public enum Outcome {
  /** Everything is restored. */
  RESTORED,
  /** Everything is restored, and the kernel warns. */
  WARNED,
  /** A part is missing, and its user gets an error. */
  FAILED,
  /** A part is missing or wrong, without a message. */
  LOST,
  /** The kernel panics or faults. */
  PANIC,
  /** The kernel does not boot, and prints nothing. */
  HANG;

  /** Returns the name in lower case, as in JSON. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
