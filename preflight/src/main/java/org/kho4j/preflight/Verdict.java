package org.kho4j.preflight;

import java.util.Locale;

/** What becomes of a handover, or of a part of it, from best to worst. */
public enum Verdict {
  /** It is taken as it is. */
  OK,
  /** Something optional is dropped. */
  DEGRADED,
  /** State is dropped silently. */
  LOST,
  /** State arrives and cannot be opened. */
  UNREACHABLE,
  /** The next kernel reads it as something that it is not: nothing is certain from there on. */
  CORRUPT,
  /** The next kernel stops in early boot. */
  PANIC,
  /** It cannot be told. */
  UNKNOWN;

  /** {@code "ok"}, {@code "degraded"}, … */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The worse of the two. */
  public Verdict or(Verdict other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
