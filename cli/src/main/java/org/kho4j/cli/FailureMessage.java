package org.kho4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.author.SpecException;
import org.kho4j.cli.output.FileReason;
import org.kho4j.cli.output.OutputException;
import org.kho4j.cli.output.Units;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.warm.WarmException;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;
import tools.jackson.core.exc.JacksonIOException;

/** The message for a failure: one sentence, safe to print. */
public final class FailureMessage {

  private FailureMessage() {}

  /** The sentence for a failure. */
  public static String of(Throwable failure) {
    Throwable itself = unwrap(failure);
    return itself instanceof KhoException problem
        ? Units.printable(problem)
        : Units.printable(sentence(itself));
  }

  /** The failure itself, where it only travelled inside another one. */
  static Throwable unwrap(Throwable failure) {
    Throwable cause = failure.getCause();
    boolean wraps =
        failure instanceof UncheckedIOException || failure instanceof JacksonIOException;
    return wraps && cause != null ? unwrap(cause) : failure;
  }

  private static String sentence(Throwable failure) {
    return switch (failure) {
      case FileSystemException e -> e.getFile() + ": " + FileReason.of(e);
      case OutputException e -> "cannot write the output: " + orKind(e);
      case InvalidPathException e -> noPath(e);
      case IOException e -> orKind(e);
      case MemoryReadException e -> orKind(e);
      case SpecException e -> orKind(e);
      case FdtException e -> orKind(e);
      case WarmException e -> orKind(e);
      case ParameterException e -> usage(e);
      case OutOfMemoryError _ ->
          "out of memory at a heap of "
              + Units.size(Runtime.getRuntime().maxMemory())
              + "; KHO_JAVA_OPTS=-Xmx1g increases it. This is a bug: please report it";
      case StackOverflowError _ ->
          "the source is nested too deeply. This is a bug: please report it";
      case InternalError _ -> "the source became shorter or unreadable while it was read";
      default -> "internal error, please report it with the output of --debug: " + failure;
    };
  }

  private static String usage(ParameterException failure) {
    if (failure instanceof UnmatchedArgumentException unmatched) {
      String what = unmatched.getUnmatched().getFirst();
      boolean option = what.startsWith("-");
      boolean command = !option && failure.getCommandLine().getSubcommands().size() > 0;
      String sentence =
          command
              ? "there is no command '" + what + "'"
              : option
                  ? "unknown option '" + what + "'"
                  : refused(failure.getCommandLine(), what)
                      .orElse("one argument too many: '" + what + "'");
      String suggestions = suggestions(unmatched, command);
      if (option && suggestions == null) {
        return sentence + "; a file of that name is ./" + what;
      }
      return suggestions == null ? sentence : sentence + "; did you mean " + suggestions + "?";
    }
    String message = orKind(failure);
    return Character.toLowerCase(message.charAt(0)) + message.substring(1);
  }

  /**
   * Why a parameter that may be repeated refuses a word: picocli takes the first such word for the
   * end of the list.
   */
  private static Optional<String> refused(CommandLine command, String word) {
    for (PositionalParamSpec parameter : command.getCommandSpec().positionalParameters()) {
      if (parameter.arity().isVariable() && parameter.converters().length > 0) {
        try {
          parameter.converters()[0].convert(word);
        } catch (TypeConversionException e) {
          return Optional.ofNullable(e.getMessage());
        } catch (Exception e) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The unknown option because of which picocli misses a parameter: {@code kho inspect -dash.zst}.
   */
  static Optional<ParameterException> unknownOption(ParameterException failure, String... args) {
    if (!(failure instanceof MissingParameterException)) {
      return Optional.empty();
    }
    CommandLine command = failure.getCommandLine();
    for (String arg : args) {
      String name = arg.replaceFirst("=.*", "");
      if (arg.equals("--")) {
        return Optional.empty();
      }
      if (name.length() > 1
          && name.startsWith("-")
          && command.getCommandSpec().findOption(name) == null) {
        return Optional.of(new UnmatchedArgumentException(command, List.of(arg)));
      }
    }
    return Optional.empty();
  }

  /** Returns the message for a name that no path can have on this system. */
  static String noPath(InvalidPathException failure) {
    String sentence = "'" + failure.getInput() + "' is no path";
    return failure.getInput().indexOf('\0') >= 0
        ? sentence + ": it contains a zero byte"
        : sentence + " in this locale; set LC_ALL=C.UTF-8 for names beyond ASCII";
  }

  private static @Nullable String suggestions(
      UnmatchedArgumentException unmatched, boolean command) {
    String what = unmatched.getUnmatched().getFirst();
    if (!command && !what.startsWith("-")) {
      return null;
    }
    OptionSpec option = unmatched.getCommandLine().getCommandSpec().findOption("--" + what);
    if (command && option != null && !option.hidden()) {
      return option.longestName();
    }
    var found = unmatched.getSuggestions();
    return found.isEmpty() ? null : String.join(" or ", found);
  }

  private static String orKind(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }
}
