package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
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

  /** Runs kho, whose exit status is asserted. */
  static ConsoleOfATest kho(int exit, Object... arguments) {
    ConsoleOfATest pipe = pipe();
    String[] line = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
    assertThat(new Kho(pipe.console, "").run(line))
        .as("%s%n%s", pipe.err(), pipe.out())
        .isEqualTo(exit);
    return pipe;
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
