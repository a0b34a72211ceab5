package org.kho4j.preflight.part;

import java.util.Locale;

/** The predicted outcome of a handover or of one of its parts, from best to worst. */
public enum Verdict {
  /** The next kernel accepts the part unchanged. */
  OK,
  /** The next kernel drops something optional. */
  DEGRADED,
  /** The fate is not known. A known loss ranks above, so that it is never hidden. */
  UNKNOWN,
  /** State is dropped, mostly without a message, by either kernel. */
  LOST,
  /** State arrives and cannot be opened. */
  UNREACHABLE,
  /** The next kernel reads bytes as something else: nothing is certain from there on. */
  CORRUPT,
  /** The next kernel stops in early boot. */
  PANIC;

  /** {@code "ok"}, {@code "degraded"}, … */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns a stable number for scripts: 0 for {@link #OK}, from 10 on for the others, from 12 on
   * for those with a loss.
   */
  public int exitStatus() {
    return switch (this) {
      case OK -> 0;
      case DEGRADED -> 10;
      case UNKNOWN -> 11;
      case LOST -> 12;
      case UNREACHABLE -> 13;
      case CORRUPT -> 14;
      case PANIC -> 15;
    };
  }

  /** Returns whether the contents of a part share this verdict. */
  public boolean spreads() {
    return compareTo(DEGRADED) > 0;
  }

  /** Returns whether a part of this verdict may still arrive intact. */
  public boolean isOpen() {
    return this == UNKNOWN || this == CORRUPT;
  }

  /** Returns the worse of two verdicts. */
  public Verdict or(Verdict other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
