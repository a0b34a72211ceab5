package org.kho4j.cli.demo;

import java.io.PrintStream;
import java.util.Optional;
import java.util.function.Supplier;

/** Tells the parent process what a JVM of the demo has done, a line a step. */
final class Steps {

  private static final String PREFIX = "step\t";

  private final PrintStream out;
  private long since = System.nanoTime();

  Steps(PrintStream out) {
    this.out = out;
  }

  /**
   * Tells of a step that is done; it took the time since the one before.
   *
   * @param detail in words; putting it into words is no part of the step
   */
  void done(String name, Supplier<String> detail) {
    long micros = (System.nanoTime() - since) / 1000;
    out.println(PREFIX + name + "\t" + micros + "\t" + detail.get());
    out.flush();
    since = System.nanoTime();
  }

  /**
   * A reported step.
   *
   * @param micros how long it took
   */
  record Step(String name, long micros, String detail) {

    /** Reads a line; empty if it tells of no step. */
    static Optional<Step> of(String line) {
      String[] parts = line.split("\t", 4);
      return line.startsWith(PREFIX) && parts.length == 4
          ? Optional.of(new Step(parts[1], Long.parseLong(parts[2]), parts[3]))
          : Optional.empty();
    }
  }
}
