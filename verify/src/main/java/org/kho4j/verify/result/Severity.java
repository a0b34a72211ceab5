package org.kho4j.verify.result;

/** The severity of a broken rule, worst first. */
public enum Severity {
  /** State is lost or wrong in the next kernel, or that kernel stops. */
  ERROR("error"),
  /** A kernel accepts the handover, but something is unusual. */
  WARNING("warning"),
  /** Nothing is broken. */
  INFO("info");

  private final String label;

  Severity(String label) {
    this.label = label;
  }

  /** {@code "error"}, {@code "warning"} or {@code "info"}. */
  public String label() {
    return label;
  }
}
