package org.kho4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.kho4j.cli.command.ExitMeaning;
import org.kho4j.cli.output.Version;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.IParamLabelRenderer;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The manual: a page of roff for each command, written from the model of the commands. */
public final class ManualPages {

  private final String version;
  private final Map<String, String> pages = new TreeMap<>();

  private ManualPages(String version) {
    this.version = version;
  }

  /**
   * Writes every page into the directory that the argument names; {@code tools/package} calls it.
   */
  public static void main(String[] arguments) throws IOException {
    Path directory = Files.createDirectories(Path.of(arguments[0]));
    for (Map.Entry<String, String> page : all().entrySet()) {
      Files.writeString(directory.resolve(page.getKey()), page.getValue());
    }
  }

  /** The text of every page by its file name: {@code kho-abi-diff.1}. */
  static Map<String, String> all() throws IOException {
    ManualPages manual = new ManualPages(Version.number());
    manual.add(Kho.commandLine());
    return manual.pages;
  }

  private void add(CommandLine command) {
    Collection<CommandLine> below = new LinkedHashSet<>(command.getSubcommands().values());
    pages.put(name(command) + ".1", page(command, below));
    below.forEach(this::add);
  }

  private static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName("-");
  }

  private String page(CommandLine command, Collection<CommandLine> below) {
    CommandSpec spec = command.getCommandSpec();
    UsageMessageSpec usage = spec.usageMessage();
    Help help = new Help(spec, Help.defaultColorScheme(Ansi.OFF));
    Roff roff = new Roff();
    roff.macro(
        "TH \"%s\" 1 \"\" \"kho4j %s\" \"kho4j\""
            .formatted(name(command).toUpperCase(Locale.ROOT), version));
    roff.section("NAME").text(name(command) + " - " + usage.header()[0].replaceFirst("\\.$", ""));
    roff.section("SYNOPSIS").text(help.synopsis(0));
    if (usage.description().length > 0) {
      roff.section("DESCRIPTION").paragraphs(usage.description());
    }
    if (!below.isEmpty()) {
      roff.section("COMMANDS");
      for (CommandLine one : below) {
        roff.item(name(one) + "(1)", one.getCommandSpec().usageMessage().header()[0]);
      }
    }
    IParamLabelRenderer labels = help.createDefaultParamLabelRenderer();
    if (!spec.positionalParameters().isEmpty()) {
      roff.section("ARGUMENTS");
      for (PositionalParamSpec parameter : spec.positionalParameters()) {
        roff.item(label(labels, parameter), parameter.description());
      }
    }
    roff.section("OPTIONS");
    for (OptionSpec option : spec.options()) {
      if (option.group() == null && !option.hidden()) {
        roff.item(label(labels, option), option.description());
      }
    }
    for (ArgGroupSpec group : spec.argGroups()) {
      roff.macro("SS " + group.heading().formatted().strip().replaceFirst(":$", ""));
      for (OptionSpec option : group.options()) {
        roff.item(label(labels, option), option.description());
      }
    }
    if (usage.footer().length > 0) {
      roff.section("EXAMPLES").verbatim(usage.footer());
    }
    if (spec.parent() == null) {
      roff.section("EXIT STATUS");
      for (ExitMeaning exit : ExitMeaning.values()) {
        roff.item(exit.status(), exit.sentence());
      }
    } else {
      roff.section("SEE ALSO").text(name(spec.parent().commandLine()) + "(1)");
    }
    return roff.toString();
  }

  private static String label(IParamLabelRenderer labels, ArgSpec argument) {
    String label = labels.renderParameterLabel(argument, Ansi.OFF, List.of()).toString();
    return argument instanceof OptionSpec option
        ? String.join(", ", option.names()) + label
        : label;
  }

  /** Text with the macros of man(7). */
  private static final class Roff {

    private final StringBuilder out = new StringBuilder();

    Roff macro(String macro) {
      out.append('.').append(macro).append('\n');
      return this;
    }

    Roff section(String heading) {
      return macro("SH " + heading);
    }

    /** A line of text, in which no character is a command of roff. */
    Roff text(String line) {
      String escaped = line.strip().replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq");
      out.append(escaped.startsWith(".") ? "\\&" : "").append(escaped).append('\n');
      return this;
    }

    Roff paragraphs(String... paragraphs) {
      for (String paragraph : paragraphs) {
        macro("PP").text(paragraph.formatted());
      }
      return this;
    }

    void item(String term, String... description) {
      macro("TP").macro("B \"" + term.replace("\\", "\\e").replace("-", "\\-") + "\"");
      for (String sentence : description) {
        text(sentence.formatted());
      }
    }

    void verbatim(String... lines) {
      macro("nf");
      for (String line : lines) {
        text(line.formatted());
      }
      macro("fi");
    }

    @Override
    public String toString() {
      return out.toString();
    }
  }
}
