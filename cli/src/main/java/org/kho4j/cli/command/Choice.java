package org.kho4j.cli.command;

import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * The values of an option that takes one of a few words.
 *
 * @param type of the values
 * @param label the word for a value, on the command line and in completion scripts
 * @param values every value, in the order of the help
 * @param noun what a value is, for the message about a wrong word: {@code a page size}
 */
public record Choice<T>(Class<T> type, Function<T, String> label, List<T> values, String noun) {

  /** Begins an option of that name. */
  public OptionSpec.Builder option(String name) {
    return option(name, this::valueOf);
  }

  /** Begins an option that takes more than the words; completion scripts offer the words. */
  OptionSpec.Builder option(String name, Function<String, T> converter) {
    return OptionSpec.builder(name)
        .type(type)
        .converters(converter::apply)
        .completionCandidates(values.stream().map(label).toList());
  }

  /** The words, as a sentence lists them: {@code 4K, 16K or 64K}. */
  public String words() {
    List<String> words = values.stream().map(label).toList();
    String first = String.join(", ", words.subList(0, words.size() - 1));
    return first.isEmpty() ? words.getLast() : first + " or " + words.getLast();
  }

  private T valueOf(String word) {
    return values.stream()
        .filter(value -> label.apply(value).equals(word))
        .findFirst()
        .orElseThrow(() -> wrong(word));
  }

  /** The failure that a wrong word is. */
  TypeConversionException wrong(String word) {
    return new TypeConversionException("'" + word + "' is not " + noun + ": " + words());
  }
}
