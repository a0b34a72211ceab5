package org.kho4j.lab.guest;

/** What the guest's init does, line by line: the commands of {@code lab/guest/init.c}. */
public final class Script {

  private final StringBuilder lines = new StringBuilder();

  /** One more line. */
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
