package org.kho4j.verify;

/** How bad it is when a rule is broken; worst first. */
public enum Severity {
  /** State is lost or wrong in the next kernel, or that kernel stops. */
  ERROR("error"),
  /** A kernel takes it, and somebody should know. */
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
