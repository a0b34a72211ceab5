package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.command.Command;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What help and completion offer, the commands take. */
class HelpTest {

  private final ConsoleOfATest pipe = ConsoleOfATest.pipe();

  private int run(String... args) {
    return new Kho(pipe.console, "").run(args);
  }

  private static List<OptionSpec> options(CommandLine command) {
    List<OptionSpec> options = new ArrayList<>(command.getCommandSpec().options());
    command.getSubcommands().values().forEach(below -> options.addAll(options(below)));
    return options;
  }

  @Test
  void everyWordThatCompletionOffersIsTaken() {
    int words = 0;
    for (OptionSpec option : options(Kho.commandLine())) {
      if (option.completionCandidates() == null) {
        assertThat(option.type().isEnum()).as(option.longestName()).isFalse();
        continue;
      }
      for (String word : option.completionCandidates()) {
        assertThatCode(() -> option.converters()[0].convert(word))
            .as("%s %s", option.longestName(), word)
            .doesNotThrowAnyException();
        words++;
      }
    }
    assertThat(words).isGreaterThan(20);
    assertThat(run("completion")).isZero();
    assertThat(pipe.out())
        .contains("\"outgoing\" \"incoming\"", "\"error\" \"warning\" \"info\"", "\"raw\"")
        .doesNotContain("OUTGOING", "ERROR", "RAW", "SIZE_4K");
  }

  private static List<CommandLine> commands(CommandLine command) {
    List<CommandLine> commands = new ArrayList<>(List.of(command));
    command.getSubcommands().values().forEach(below -> commands.addAll(commands(below)));
    return commands;
  }

  @Test
  void theCompletionOfFishHasEveryCommandAndItsOptions() {
    assertThat(run("completion", "fish")).isZero();
    List<String> script = pipe.out().lines().toList();
    for (CommandLine command : commands(Kho.commandLine())) {
      String start =
          "complete -c kho -n '__kho_at " + command.getCommandSpec().qualifiedName() + "' ";
      for (String below : command.getSubcommands().keySet()) {
        assertThat(script).anyMatch(line -> line.startsWith(start + "-f -a " + below + " -d "));
      }
      for (OptionSpec option : command.getCommandSpec().options()) {
        String name = " -l " + option.longestName().substring(2) + " ";
        assertThat(script.stream().anyMatch(line -> line.startsWith(start) && line.contains(name)))
            .as("%s%s", start, name)
            .isEqualTo(!option.hidden());
      }
    }
    assertThat(script).anyMatch(line -> line.contains("-l severity -x -a 'error warning info' "));
  }

  /** The script has one list of words for a label in each function. */
  @Test
  void optionsWithDifferentWordsHaveDifferentLabels() {
    for (CommandLine command : commands(Kho.commandLine())) {
      Map<String, List<String>> words = new HashMap<>();
      for (OptionSpec option : command.getCommandSpec().options()) {
        if (option.completionCandidates() == null) {
          continue;
        }
        List<String> candidates = new ArrayList<>();
        option.completionCandidates().forEach(candidates::add);
        assertThat(words.getOrDefault(option.paramLabel(), candidates))
            .as("%s %s", command.getCommandName(), option.longestName())
            .isEqualTo(candidates);
        words.put(option.paramLabel(), candidates);
      }
    }
  }

  @Test
  void theCompletionOfZshIsAFunctionToLoad() {
    assertThat(run("completion", "zsh")).isZero();
    assertThat(pipe.out()).startsWith("#compdef kho\n#!/usr/bin/env bash\n");
  }

  @Test
  void anUnknownShellIsRefused() {
    assertThat(run("completion", "tcsh")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: 'tcsh' is not a shell: bash, zsh or fish\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "author", "completion", "help"})
  void theHelpOfACommandWithoutAnImageHasNoOptionsOfOne(String command) {
    assertThat(run(command, "--help")).isZero();
    assertThat(pipe.out()).contains("--json").doesNotContain("--base", "--ram-layout");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"inspect", "verify", "extract", "diff", "report", "convert", "who", "show"})
  void theHelpOfACommandHasItsImageOptionsAndAnExample(String command) {
    assertThat(run(command, "--help")).isZero();
    assertThat(pipe.out())
        .contains("Options of a memory image:", "--base", "--ram-layout")
        .containsPattern("Examples?:\n  kho " + command + " .*\n");
  }

  @Test
  void theHelpOfEachCommandHasItsExitStatusesAndItsRequiredOptions() {
    for (CommandLine command : commands(Kho.commandLine())) {
      if (command.getParent() == null) {
        continue;
      }
      String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
      String usage = help.lines().filter(line -> line.startsWith("Usage: ")).findFirst().orElse("");
      assertThat(usage).contains(command.getCommandSpec().qualifiedName() + " ");
      assertThat(help.replaceAll("\\s+", " ")).as(usage).containsPattern("Exit status: 0.* 2 if ");
      for (OptionSpec option : command.getCommandSpec().options()) {
        assertThat(usage.contains(" " + option.shortestName() + " ") || !option.required())
            .as("%s: %s", usage, option.longestName())
            .isTrue();
      }
    }
  }

  @Test
  void helpDoesNotExcuseAWrongCommand() {
    assertThat(run("nonsense", "--help")).isEqualTo(Command.FAILED);
    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err()).startsWith("kho: there is no command 'nonsense'");
  }

  @Test
  void aFileThatLooksLikeAnOptionIsNamed() {
    assertThat(run("inspect", "-dash.zst")).isEqualTo(Command.FAILED);
    assertThat(pipe.err())
        .startsWith("kho: unknown option '-dash.zst'; a file of that name is ./-dash.zst\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"4K", "4096", "0x1000", "4k"})
  void aPageSizeIsALabelOrANumberOfBytes(String size) {
    assertThat(run("inspect", "--page-size", size, "../examples/linux-7.3.4-jump-kho-test.ram.zst"))
        .as(pipe.err())
        .isZero();
    assertThat(pipe.out()).contains("kho-v4 handover");
  }
}
