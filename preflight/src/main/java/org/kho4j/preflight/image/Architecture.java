package org.kho4j.preflight.image;

/** The architecture of a kernel. */
public enum Architecture {
  X86_64("x86-64"),
  ARM64("arm64"),
  /** An architecture without KHO (Linux 7.3). */
  RISCV64("riscv64"),
  /** An architecture that the image does not show. */
  UNKNOWN("unknown");

  private final String label;

  Architecture(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
