package org.kho4j.fleet;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Console;
import org.kho4j.cli.preflight.PreflightCommand;
import picocli.CommandLine;

/** A run of {@code kho preflight} whose files are read by others, and what it noted. */
final class PreflightRun {

  private final ByteArrayOutputStream notes = new ByteArrayOutputStream();
  private final Invocation invocation;

  /** A run without options. */
  PreflightRun() {
    invocation =
        new Invocation(
            new CommandLine(new PreflightCommand().spec()).parseArgs(),
            new Console(
                OutputStream.nullOutputStream(),
                new PrintStream(notes, true, StandardCharsets.UTF_8),
                false,
                false),
            false);
  }

  Invocation invocation() {
    return invocation;
  }

  /** Returns the notes that {@code kho preflight} would print on stderr. */
  List<String> notes() {
    return notes
        .toString(StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.startsWith("kho: ") ? line.substring("kho: ".length()) : line)
        .toList();
  }
}
