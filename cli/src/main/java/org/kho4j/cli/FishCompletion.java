package org.kho4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The completion script for fish, written from the model of the commands. */
final class FishCompletion {

  /** Succeeds where the command under the cursor is the one named, by the longest known path. */
  private static final String WHERE =
      """
      function __kho_at
          set -l path kho
          for word in (commandline -opc)[2..-1]
              if contains -- "$path $word" $__kho_commands
                  set path "$path $word"
              end
          end
          test "$path" = "$argv"
      end
      """;

  private final List<String> lines = new ArrayList<>();
  private final List<String> paths = new ArrayList<>();

  private FishCompletion() {}

  /** The script for a command and all below it. */
  static String of(CommandLine kho) {
    FishCompletion script = new FishCompletion();
    script.add(kho);
    String paths =
        script.paths.stream().map(FishCompletion::quote).collect(Collectors.joining(" "));
    return "set -g __kho_commands " + paths + "\n" + WHERE + String.join("\n", script.lines) + "\n";
  }

  private void add(CommandLine command) {
    String path = command.getCommandSpec().qualifiedName();
    paths.add(path);
    String start = "complete -c kho -n " + quote("__kho_at " + path) + " ";
    for (CommandLine below : new LinkedHashSet<>(command.getSubcommands().values())) {
      String summary = below.getCommandSpec().usageMessage().header()[0];
      lines.add(start + "-f -a " + below.getCommandName() + " -d " + quote(summary));
      add(below);
    }
    for (PositionalParamSpec parameter : command.getCommandSpec().positionalParameters()) {
      String words = words(parameter.completionCandidates());
      if (!words.isEmpty()) {
        lines.add(start + "-f -a " + quote(words));
      }
    }
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.hidden()) {
        lines.add(start + option(option));
      }
    }
  }

  private static String option(OptionSpec option) {
    StringBuilder line = new StringBuilder();
    for (String name : option.names()) {
      line.append(name.startsWith("--") ? "-l " : "-s ").append(name.replaceFirst("^--?", ""));
      line.append(' ');
    }
    String words = words(option.completionCandidates());
    if (!words.isEmpty()) {
      line.append("-x -a ").append(quote(words)).append(' ');
    } else if (option.arity().max() > 0) {
      line.append("-r ");
    }
    return line + "-d " + quote(option.description()[0].formatted());
  }

  private static String words(@Nullable Iterable<String> candidates) {
    return candidates == null
        ? ""
        : StreamSupport.stream(candidates.spliterator(), false).collect(Collectors.joining(" "));
  }

  private static String quote(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
