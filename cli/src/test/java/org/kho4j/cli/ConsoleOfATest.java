package org.kho4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.kho4j.cli.output.Console;

/** Runs kho in this JVM and keeps what it wrote. */
final class ConsoleOfATest {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  final Console console;

  private ConsoleOfATest(boolean terminal) {
    console =
        new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), terminal, terminal);
  }

  static ConsoleOfATest terminal() {
    return new ConsoleOfATest(true);
  }

  static ConsoleOfATest pipe() {
    return new ConsoleOfATest(false);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
