package org.kho4j.lab.guest;

/** The script of the guest's init, line by line: the commands of {@code lab/guest/init.c}. */
public final class Script {

  private final StringBuilder lines = new StringBuilder();

  /** Adds a line. */
  @SuppressWarnings("AnnotateFormatMethod") // its annotation is in a library of its own
  public Script line(String format, Object... values) {
    lines.append(format.formatted(values)).append('\n');
    return this;
  }

  @Override
  public String toString() {
    return lines.toString();
  }
}
