package org.kho4j.verify;

import java.util.Locale;

/** What becomes of a handover in the next kernel; best first. */
public enum Outcome {
  /** Everything is there again. */
  RESTORED,
  /** Everything is there again, and the kernel warns. */
  WARNED,
  /** Something is not there, and who asks for it is told so. */
  FAILED,
  /** Something is not there or is wrong, and nobody is told. */
  LOST,
  /** The kernel panics or faults. */
  PANIC,
  /** The kernel does not come up, and says nothing. */
  HANG;

  /** In small letters, as in JSON. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
