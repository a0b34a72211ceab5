package org.kho4j.cli.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * A command: its name, its options and parameters, and its work. A subclass adds its options and
 * parameters in its constructor and reads them from the {@link Invocation}, so that one instance
 * can run many times.
 */
public abstract class Command {

  /** It worked, and the answer is good. */
  public static final int OK = 0;

  /** It worked, and the answer is bad: findings of severity error, a verdict that is not ok. */
  public static final int BAD_ANSWER = 1;

  /** Usage, unreadable, or not what it claims to be. */
  public static final int FAILED = 2;

  private static final int WIDTH = 100;

  // What is special to a command comes before the options that every command has.
  private static final List<String> SECTIONS =
      List.of(
          UsageMessageSpec.SECTION_KEY_HEADER,
          UsageMessageSpec.SECTION_KEY_SYNOPSIS_HEADING,
          UsageMessageSpec.SECTION_KEY_SYNOPSIS,
          UsageMessageSpec.SECTION_KEY_DESCRIPTION_HEADING,
          UsageMessageSpec.SECTION_KEY_DESCRIPTION,
          UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING,
          UsageMessageSpec.SECTION_KEY_COMMAND_LIST,
          UsageMessageSpec.SECTION_KEY_PARAMETER_LIST_HEADING,
          UsageMessageSpec.SECTION_KEY_PARAMETER_LIST,
          UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING,
          UsageMessageSpec.SECTION_KEY_OPTION_LIST,
          UsageMessageSpec.SECTION_KEY_FOOTER_HEADING,
          UsageMessageSpec.SECTION_KEY_FOOTER);

  private final CommandSpec spec;
  private final List<String> examples = new ArrayList<>();
  private boolean opensImage = true;
  private Predicate<String> shownImageOptions = _ -> true;
  private boolean complete;

  /**
   * Begins a command.
   *
   * @param name how the user calls it
   * @param summary one sentence, for the list of commands
   * @param description more sentences for its own help, one paragraph each
   */
  protected Command(String name, String summary, String... description) {
    spec = CommandSpec.wrapWithoutInspection(this).name(name);
    List<String> paragraphs = new ArrayList<>(List.of(description));
    if (paragraphs.stream().noneMatch(one -> one.startsWith("Exit status"))) {
      paragraphs.add(
          "Exit status: 0, or 2 if the command line is wrong or something cannot be written.");
    }
    spec.usageMessage()
        .header(summary, "")
        .description(paragraphs.toArray(String[]::new))
        .descriptionHeading("%n")
        .parameterListHeading("%n")
        .optionListHeading("%n")
        .commandListHeading("%nCommands:%n")
        .synopsisSubcommandLabel("COMMAND")
        .abbreviateSynopsis(true)
        .sortOptions(false)
        .width(WIDTH)
        .sectionKeys(SECTIONS);
  }

  /** picocli's model of the command. */
  public final CommandSpec spec() {
    if (!complete) {
      complete = true;
      showRequiredOptions();
      GlobalOptions.addTo(spec, shownImageOptions);
      if (spec.options().stream().allMatch(one -> one.hidden() || one.group() != null)) {
        spec.usageMessage().optionListHeading("");
      }
      if (!examples.isEmpty()) {
        spec.usageMessage()
            .footerHeading(examples.size() == 1 ? "%nExample:%n" : "%nExamples:%n")
            .footer(examples.toArray(String[]::new));
      }
    }
    return spec;
  }

  /** Adds the required options to the usage line, which abbreviates options otherwise. */
  private void showRequiredOptions() {
    String required =
        spec.options().stream()
            .filter(OptionSpec::required)
            .map(option ->
                " %s %s%s"
                    .formatted(
                        option.shortestName(),
                        option.paramLabel(),
                        option.arity().max() > 1 ? "..." : ""))
            .collect(Collectors.joining());
    if (!required.isEmpty()) {
      String usage = new Help(spec, Help.defaultColorScheme(Ansi.OFF)).synopsis(0).strip();
      spec.usageMessage()
          .customSynopsis(usage.replace(spec.name(), "${COMMAND-FULL-NAME}") + required);
    }
  }

  /** Shows a command line at the end of the help. */
  protected final void example(String commandLine) {
    examples.add("  " + commandLine.replace("%", "%%"));
  }

  /**
   * Refuses the options that describe a memory image, and hides them from the help: the command
   * opens none.
   *
   * @param shown those that mean something to the command all the same
   */
  protected final void opensNoImage(String... shown) {
    opensImage = false;
    shownImageOptions = Set.of(shown)::contains;
  }

  protected final void option(OptionSpec.Builder option) {
    spec.addOption(option.build());
  }

  protected final void parameter(PositionalParamSpec.Builder parameter) {
    spec.addPositional(parameter.build());
  }

  /** Adds a command below this one, which opens no image where this one opens none. */
  protected final void subcommand(Command command) {
    if (!opensImage && command.opensImage) {
      command.opensImage = false;
      command.shownImageOptions = shownImageOptions;
    }
    spec.addSubcommand(command.spec().name(), command.spec());
  }

  /**
   * Runs the command with the options of a command line.
   *
   * @return as {@link #run(Invocation)}
   */
  public final int start(Invocation invocation) throws IOException {
    if (!opensImage) {
      Optional<String> refused = invocation.imageOption(shownImageOptions.negate());
      if (refused.isPresent()) {
        throw invocation.wrong(
            "%s takes no %s, which is for a command that reads one memory image"
                .formatted(spec.qualifiedName(), refused.get()));
      }
    }
    return run(invocation);
  }

  /**
   * Runs the command.
   *
   * @return {@link #OK}, {@link #BAD_ANSWER} or {@link #FAILED}
   * @throws IOException if something cannot be read or written; the message becomes the sentence
   *     that the user sees
   */
  public abstract int run(Invocation invocation) throws IOException;
}
