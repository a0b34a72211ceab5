package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.GlobalOptions;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Console;
import org.kho4j.cli.output.Text.Style;
import org.kho4j.fdt.FdtError;
import org.kho4j.fdt.FdtException;
import org.kho4j.files.MalformedImageException;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import picocli.CommandLine.Model.OptionSpec;

class KhoCommandTest {

  private final ConsoleOfATest pipe = ConsoleOfATest.pipe();

  @Test
  void helpGoesToStandardOutput() {
    assertThat(run("--help")).isZero();
    assertThat(pipe.out()).contains("Usage: kho [OPTIONS] COMMAND", "completion");
    assertThat(pipe.err()).isEmpty();
  }

  @Test
  void helpOfACommandIsTheSameBothWays() {
    ConsoleOfATest other = ConsoleOfATest.pipe();
    assertThat(run("help", "completion")).isZero();
    assertThat(new Kho(other.console, "").run("completion", "--help")).isZero();
    assertThat(pipe.out()).isEqualTo(other.out()).contains("Usage: kho completion [OPTIONS]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "help nothing | there is no command 'nothing'",
        "help inspct | there is no command 'inspct'; did you mean inspect",
        "help inspect foo | \"there is no command 'foo'\n\"",
        "version | there is no command 'version'; did you mean --version?"
      })
  void whatIsNoCommandFails(String line, String message) {
    assertThat(run(line.split(" ", -1))).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: " + message);
  }

  @Test
  void whatIsNoPathIsAUsageError() {
    assertThat(new Kho(pipe.console, "").run("inspect", "a\0b")).isEqualTo(2);
    assertThat(pipe.err()).contains(": 'a\\x00b' is no path: it contains a zero byte\n");
  }

  @Test
  void everyCommandHasEveryGlobalOption() {
    for (var command : Kho.commandLine().getSubcommands().values()) {
      assertThat(command.getCommandSpec().optionsMap().keySet())
          .contains(
              "--json",
              "--fdt",
              "--page-size",
              "--base",
              "--format",
              "--no-color",
              "--help",
              "--debug");
    }
  }

  @Test
  void versionNamesBothVersions() {
    assertThat(run("--version")).isZero();
    assertThat(pipe.out()).matches("kho \\d+\\.\\S+ \\(Java \\S+\\)\n");
  }

  @Test
  void withoutACommandTheListOfCommandsIsTheError() {
    assertThat(run()).isEqualTo(Command.FAILED);
    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err())
        .startsWith("kho: no command given\n\n")
        .contains("\nCommands:\n", "\n  inspect  ", "\n  preflight  ");
  }

  @Test
  void aMistypedCommandIsSuggested() {
    assertThat(run("complete")).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .startsWith("kho: there is no command 'complete'; did you mean completion");
  }

  @Test
  void aMistypedOptionIsSuggested() {
    assertThat(run("completion", "--jsn")).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .isEqualTo(
            """
            kho: unknown option '--jsn'; did you mean --json?
            kho: 'kho completion --help' shows its arguments and options
            """);
  }

  @Test
  void oneArgumentTooMany() {
    assertThat(run("completion", "zsh", "fish")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: one argument too many: 'fish'\n");
  }

  @Test
  void aWrongWordInAListIsNotOneTooMany() {
    assertThat(run("who", "vmcore", "0x7700123", "zz")).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .isEqualTo(
            """
            kho: 'zz' is not a number; write 0x1f3a000, 4096, 4K or 1G
            kho: 'kho who --help' shows its arguments and options
            """);
  }

  @Test
  void completionIsAScriptThatKnowsTheCommands() {
    assertThat(run("completion")).isZero();
    assertThat(pipe.out()).startsWith("#!/usr/bin/env bash").contains("--page-size", "completion");
  }

  static Stream<Arguments> badValues() {
    return Stream.of(
        Arguments.of("--fdt", "0x", "'0x' is not a number; write 0x1f3a000, 4096, 4K or 1G"),
        Arguments.of("--fdt", "-1", "'-1' is not a number; write 0x1f3a000, 4096, 4K or 1G"),
        Arguments.of(
            "--base", "0x10000000000000000", "'0x10000000000000000' does not fit into 64 bits"),
        Arguments.of("--base", "17179869184G", "'17179869184G' does not fit into 64 bits"),
        Arguments.of(
            "--base",
            "0x8000000000000000",
            "'0x8000000000000000' is beyond all physical memory, which ends below 0x8000000000000000"),
        Arguments.of("--page-size", "8K", "'8K' is not a page size: 4K, 16K or 64K"),
        Arguments.of(
            "--format",
            "vmcore",
            "'vmcore' is not a form of memory image: raw, elf, kdump or lime"));
  }

  @ParameterizedTest
  @MethodSource("badValues")
  void badValuesAreExplained(String option, String value, String sentence) {
    assertThat(run("completion", option + "=" + value)).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .startsWith("kho: invalid value for option '" + option + "': " + sentence + "\n");
  }

  @Test
  void anEmptyNameIsNoFile() {
    assertThat(run("inspect", "")).isEqualTo(Command.FAILED);
    assertThat(run("inspect", "running", "--root", "")).isEqualTo(Command.FAILED);
    assertThat(pipe.err().lines().filter(line -> line.endsWith("'' is no name of a file")))
        .hasSize(2);
  }

  @Test
  void anOptionWithoutItsValueIsExplained() {
    assertThat(run("completion", "--fdt")).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .startsWith("kho: missing required parameter for option '--fdt' (ADDR)\n");
  }

  @Test
  void globalOptionsReachTheCommand() {
    assertThat(
            optionsOf(
                "probe",
                "--json",
                "--fdt",
                "0x492000",
                "--page-size",
                "16k",
                "--map-form",
                "bitmaps-512",
                "--base",
                "1G",
                "--format",
                "raw",
                "--skip",
                "4K",
                "--spool-limit",
                "1T",
                "--ram-layout",
                "mtree",
                "--ram-name",
                "ram1",
                "--root",
                "copy",
                "--no-color"))
        .isEqualTo(
            new GlobalOptions(
                true,
                OptionalLong.of(0x492000),
                Optional.of(PageSize.SIZE_16K),
                MapForm.BITMAPS_512,
                1L << 30,
                MemorySource.Kind.RAW,
                4096,
                1L << 40,
                Path.of("mtree"),
                "ram1",
                Path.of("copy"),
                true,
                false));
  }

  @Test
  void globalOptionsAreOptional() {
    assertThat(optionsOf("probe"))
        .isEqualTo(
            new GlobalOptions(
                false,
                OptionalLong.empty(),
                Optional.empty(),
                null,
                0,
                null,
                0,
                16L << 40,
                null,
                null,
                Path.of("/"),
                false,
                false));
  }

  @Test
  void globalOptionsMayStandBeforeTheCommandAndTheLastOneCounts() {
    GlobalOptions options = optionsOf("--json", "--base", "1", "probe", "--base", "4096");
    assertThat(options.json()).isTrue();
    assertThat(options.base()).isEqualTo(4096);
  }

  @Test
  void ownOptionsReachTheCommand() {
    List<Object> seen = new ArrayList<>();
    Probe probe =
        new Probe(invocation -> {
          seen.add(invocation.flag("--quick"));
          seen.add(String.valueOf(invocation.value("--to", String.class)));
          return Command.OK;
        });
    assertThat(run(probe, "probe", "--to", "there")).isZero();
    assertThat(seen).containsExactly(false, "there");
  }

  @ParameterizedTest
  @ValueSource(ints = {Command.OK, Command.BAD_ANSWER, Command.FAILED})
  void theAnswerIsTheExitCode(int answer) {
    assertThat(run(new Probe(_ -> answer), "probe")).isEqualTo(answer);
  }

  @Test
  void abiDiffTakesTheRootOfTheRunningHost() {
    assertThat(run("abi", "diff", "running", "running", "--root", "/nowhere"))
        .isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: the running kernel").doesNotContain("opens no");
  }

  @ParameterizedTest
  @ValueSource(strings = {"warm drop store region", "demo", "author spec -o ram", "completion"})
  void optionsOfAnImageAreRefusedWhereNoneIsOpened(String line) {
    String[] command = line.split(" ", -1);
    String[] behind =
        Stream.concat(Stream.of(command), Stream.of("--skip", "7")).toArray(String[]::new);
    assertThat(run(behind)).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .startsWith("kho: kho " + command[0])
        .contains("takes no --skip, which is for a command that reads one memory image\n");
    String[] before =
        Stream.concat(Stream.of("--fdt=1"), Stream.of(command)).toArray(String[]::new);
    assertThat(run(before)).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .contains("takes no --fdt, which is for a command that reads one memory image\n");
  }

  @Test
  void coloursAreForTerminals() {
    assertThat(styledOn(ConsoleOfATest.pipe(), "", "probe")).isEqualTo("bad\n");
    assertThat(styledOn(ConsoleOfATest.terminal(), "", "probe"))
        .isEqualTo("\033[1;31mbad\033[0m\n");
    assertThat(styledOn(ConsoleOfATest.terminal(), "1", "probe")).isEqualTo("bad\n");
    assertThat(styledOn(ConsoleOfATest.terminal(), "", "--no-color", "probe")).isEqualTo("bad\n");
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(new NoSuchFileException("vmcore"), "vmcore: no such file"),
        Arguments.of(new AccessDeniedException("vmcore"), "vmcore: permission denied"),
        Arguments.of(
            new FileSystemException("vmcore", null, "Is a directory"), "vmcore: Is a directory"),
        Arguments.of(new FileNotFoundException("gone"), "gone"),
        Arguments.of(new IOException(), "IOException"),
        Arguments.of(new UncheckedIOException(new IOException("disk on fire")), "disk on fire"),
        Arguments.of(
            new MalformedImageException("vmcore: page descriptor 12 is at 0x7f"),
            "vmcore: page descriptor 12 is at 0x7f"),
        Arguments.of(
            new AbsentMemoryException(0x1000, "0x1000 is not in the image"),
            "0x1000 is not in the image"),
        Arguments.of(
            new HandoverException("/LUO", 0x1f3a000, "entry 17 is 0x3, not page aligned"),
            "/LUO at 0x1f3a000: entry 17 is 0x3, not page aligned"),
        Arguments.of(
            new FdtException(FdtError.BAD_MAGIC, 0, "the magic is 0x0"), "the magic is 0x0"),
        Arguments.of(
            new InternalError("a fault occurred in an unsafe memory access operation"),
            "the source became shorter or unreadable while it was read"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failuresAreOneSentence(Throwable failure, String sentence) {
    assertThat(run(new Probe(throwing(failure)), "probe")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).isEqualTo("kho: " + sentence + "\n");
    assertThat(pipe.out()).isEmpty();
  }

  @Test
  void lackOfMemoryIsExplained() {
    assertThat(run(new Probe(throwing(new OutOfMemoryError("Java heap space"))), "probe"))
        .isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: out of memory at a heap of ").doesNotContain("\tat ");
  }

  @Test
  void whatNobodyForesawIsOneSentenceToo() {
    assertThat(run(new Probe(throwing(new IndexOutOfBoundsException("17"))), "probe"))
        .isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .isEqualTo(
            "kho: internal error, please report it with the output of --debug:"
                + " java.lang.IndexOutOfBoundsException: 17\n");
  }

  @Test
  void debugShowsTheStackTrace() {
    Probe probe = new Probe(throwing(new IOException("disk on fire")));
    assertThat(run(probe, "probe", "--debug")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: disk on fire\njava.io.IOException").contains("\tat ");
  }

  @Test
  void namesInMessagesCannotDriveTheTerminal() {
    run(new Probe(throwing(new NoSuchFileException("a\033[2Jb"))), "probe");
    assertThat(pipe.err()).isEqualTo("kho: a\\x1b[2Jb: no such file\n");
  }

  @Test
  void outputThatCannotBeWrittenIsAFailure() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    Console console = new Console(full, pipe.console.err(), false, false);
    assertThat(new Kho(console, "").run("--version")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).isEqualTo("kho: No space left on device\n");
  }

  private int run(String... args) {
    return new Kho(pipe.console, "").run(args);
  }

  private int run(Probe probe, String... args) {
    return new Kho(pipe.console, "", _ -> List.of(probe)).run(args);
  }

  private GlobalOptions optionsOf(String... args) {
    List<GlobalOptions> seen = new ArrayList<>();
    Probe probe =
        new Probe(invocation -> {
          seen.add(invocation.options());
          return Command.OK;
        });
    assertThat(run(probe, args)).as(pipe.err()).isZero();
    return seen.getFirst();
  }

  private static String styledOn(ConsoleOfATest console, String noColor, String... args) {
    Probe probe =
        new Probe(invocation -> {
          invocation.text().put(Style.BAD, "bad").line();
          return Command.OK;
        });
    assertThat(new Kho(console.console, noColor, _ -> List.of(probe)).run(args)).isZero();
    return console.out();
  }

  private static Run throwing(Throwable failure) {
    return _ -> {
      switch (failure) {
        case IOException e -> throw e;
        case RuntimeException e -> throw e;
        default -> throw (Error) failure;
      }
    };
  }

  private interface Run {
    int with(Invocation invocation) throws IOException;
  }

  /** A command whose run the test writes. */
  private static final class Probe extends Command {

    private final Run run;

    Probe(Run run) {
      super("probe", "Does what a test wants.");
      this.run = run;
      option(OptionSpec.builder("--quick").type(boolean.class).arity("0"));
      option(OptionSpec.builder("--to").type(String.class).paramLabel("WHERE"));
    }

    @Override
    public int run(Invocation invocation) throws IOException {
      return run.with(invocation);
    }
  }
}
