package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.command.ExitMeaning;
import org.kho4j.cli.output.Schema;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The tables of {@code docs/cli.md}: commands, exit statuses and forms of JSON. */
class CommandTablesTest {

  private static final Path PAGE =
      Path.of(System.getProperty("basedir", "."), "..", "docs", "cli.md").normalize();
  private static final String REGENERATE =
      "./mvnw -pl cli -am test -Dtest=CommandTablesTest -Dsurefire.failIfNoSpecifiedTests=false"
          + " -Dkho.cli.write=true";

  @Test
  void theTablesAreWhatTheCommandsSay() throws IOException {
    String committed = Files.readString(PAGE);
    String page = committed;
    page = replaced(page, "commands", commands(committed));
    page = replaced(page, "exit statuses", exitStatuses());
    page = replaced(page, "forms of JSON", formsOfJson(committed));
    if (Boolean.getBoolean("kho.cli.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE))
        .as("%s differs from the commands. Write it again with %s", PAGE, REGENERATE)
        .isEqualTo(page);
  }

  @Test
  void everyFormOfJsonIsWrittenByACommandThatExists() {
    Set<String> ids = new LinkedHashSet<>();
    for (Schema schema : Schema.values()) {
      CommandLine command = Kho.commandLine();
      for (String word : schema.command().split(" ", -1)) {
        CommandLine below = command.getSubcommands().get(word);
        if (word.startsWith("--")) {
          assertThat(command.getCommandSpec().optionsMap()).as(schema.id()).containsKey(word);
        } else if (below != null) {
          command = below;
        } else {
          assertThat(word).as(schema.id()).matches("[A-Z]+");
        }
      }
      assertThat(ids.add(schema.id())).as(schema.id()).isTrue();
    }
  }

  @Test
  void everyOptionOfACommandIsInItsSection() throws IOException {
    String page = Files.readString(PAGE);
    Set<String> everywhere =
        page.substring(page.indexOf("\n## Options of every command"))
            .lines()
            .filter(line -> line.startsWith("| `-"))
            .flatMap(CommandTablesTest::options)
            .collect(Collectors.toSet());
    assertThat(everywhere).contains("--json", "--fdt", "--spool-limit");
    for (CommandLine command : Kho.commandLine().getSubcommands().values()) {
      int start = page.indexOf("\n## " + name(command) + "\n");
      if (start < 0) {
        continue;
      }
      Set<String> section =
          options(page.substring(start, page.indexOf("\n## ", start + 1)))
              .collect(Collectors.toSet());
      for (CommandLine one : Stream.concat(Stream.of(command), below(command)).toList()) {
        List<String> missing =
            one.getCommandSpec().options().stream()
                .filter(option -> !option.hidden())
                .map(OptionSpec::longestName)
                .filter(option -> !everywhere.contains(option) && !section.contains(option))
                .toList();
        assertThat(missing).as(name(one)).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "verify"})
  void everyMemberOfTheDocumentOfACommandIsInItsSection(String command) throws IOException {
    String page = Files.readString(PAGE);
    int start = page.indexOf("\n## kho " + command + "\n");
    String section = page.substring(start, page.indexOf("\n## ", start + 1));
    Set<String> members = new LinkedHashSet<>();
    Path vectors = Captures.PROJECT.resolve("vectors");
    List<Path> sources =
        Stream.concat(
                Captures.small().stream(),
                Stream.of(
                    Captures.SMALL.resolve("dumps/excluded-pages.kdump.zst"),
                    vectors.resolve("handover/linux-6.17.9-4k.elf.zst"),
                    vectors.resolve("invalid/invalid-root-unknown-version.elf.zst")))
            .toList();
    for (Path source : sources) {
      ConsoleOfATest pipe = ConsoleOfATest.pipe();
      new Kho(pipe.console, "").run(command, source.toString(), "--json");
      Pattern.compile("\"([a-zA-Z]+)\" :")
          .matcher(pipe.out())
          .results()
          .forEach(member -> members.add(member.group(1)));
    }
    assertThat(members).hasSizeGreaterThan(30).contains("schema");
    members.remove("schema"); // the section Output
    members.removeIf(
        member -> section.contains("`" + member) || section.contains("\"" + member + "\""));
    assertThat(members).isEmpty();
  }

  private static Stream<String> options(String text) {
    return Pattern.compile("--[a-z][a-z0-9-]*").matcher(text).results().map(MatchResult::group);
  }

  private static String replaced(String page, String name, String table) {
    String begin = "<!-- generated by CommandTablesTest: " + name + " -->\n\n";
    Matcher matcher =
        Pattern.compile(Pattern.quote(begin) + ".*?(?=\n\n<!-- end -->)", Pattern.DOTALL)
            .matcher(page);
    assertThat(matcher.find()).as(name).isTrue();
    return page.substring(0, matcher.start()) + begin + table + page.substring(matcher.end());
  }

  private static String commands(String page) {
    return "| command | purpose |\n|---|---|\n"
        + below(Kho.commandLine())
            .map(command ->
                "| %s | %s |"
                    .formatted(
                        linked(page, name(command), synopsis(command)),
                        command
                            .getCommandSpec()
                            .usageMessage()
                            .header()[0]
                            .replaceFirst("\\.$", "")))
            .collect(Collectors.joining("\n"));
  }

  /** Every command below a command, in the order of the help. */
  private static Stream<CommandLine> below(CommandLine command) {
    return new LinkedHashSet<>(command.getSubcommands().values())
        .stream().flatMap(one -> Stream.concat(Stream.of(one), below(one)));
  }

  private static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName();
  }

  private static String synopsis(CommandLine command) {
    CommandSpec spec = command.getCommandSpec();
    return new Help(spec, Help.defaultColorScheme(Ansi.OFF))
        .synopsis(0)
        .replace(" [OPTIONS]", "")
        .replaceAll("\\s+", " ")
        .strip();
  }

  private static String exitStatuses() {
    return "| exit status | meaning |\n|---|---|\n"
        + Stream.of(ExitMeaning.values())
            .map(exit -> "| %s | %s |".formatted(exit.status(), exit.sentence()))
            .collect(Collectors.joining("\n"));
  }

  private static String formsOfJson(String page) {
    return "| `schema` | written by | contents |\n|---|---|---|\n"
        + Stream.of(Schema.values())
            .map(schema ->
                "| `%s` | %s | %s |"
                    .formatted(
                        schema.id(),
                        linked(
                            page,
                            "kho " + List.of(schema.command().split(" ", -1)).getFirst(),
                            "kho " + schema.command()),
                        schema.content()))
            .collect(Collectors.joining("\n"));
  }

  /** Code that leads to the section of the page that a command has, if it has one. */
  private static String linked(String page, String heading, String code) {
    return page.contains("\n## " + heading + "\n")
        ? "[`%s`](#%s)".formatted(code, heading.replace(' ', '-'))
        : "`%s`".formatted(code);
  }
}
