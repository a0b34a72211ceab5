package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import picocli.CommandLine;

/**
 * The commands of README and docs. A block that begins with {@code $ ./kho} shows a command and its
 * output, and is run if its files are in the project; of every other command, its options exist.
 */
class DocumentedCommandsTest {

  private static final Path PROJECT = Path.of(System.getProperty("basedir", "."), "..");
  private static final Path CAPTURES = Path.of("cli/src/test/resources/org/kho4j/cli/captures");

  /** Files that shown commands name and the project lacks: kernels, and the store of a service. */
  private static final Pattern ELSEWHERE =
      Pattern.compile("vmlinuz-\\S+|released\\.json|/dev/shm/warm-cache");

  /** A command, with what the page shows below it. */
  private record ShownRun(String command, String output) {}

  @TempDir Path directory;

  static Stream<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.walk(PROJECT.resolve("docs"));
        Stream<Path> examples = Files.walk(PROJECT.resolve("examples"))) {
      return Stream.of(Stream.of(PROJECT.resolve("README.md")), docs, examples)
          .flatMap(files -> files)
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !file.toString().contains("/target/"))
          .sorted()
          .toList()
          .stream();
    }
  }

  static Stream<Arguments> shown() throws IOException {
    return pages()
        .flatMap(page ->
            blocks(page).stream()
                .flatMap(block -> runs(block).stream())
                .filter(run -> !ELSEWHERE.matcher(run.command()).find())
                .map(run ->
                    Arguments.argumentSet(
                        page.getFileName() + ": " + run.command(), run.command(), run.output())));
  }

  @ParameterizedTest
  @MethodSource("shown")
  void printsWhatThePageShows(String command, String output) throws IOException {
    Map<String, Path> files = Map.of("/dev/shm/orders", directory.resolve("orders"));
    List<String> arguments = new ArrayList<>();
    for (String word : words(command).subList(1, words(command).size())) {
      arguments.add(word.startsWith("-") ? word : String.valueOf(file(word, files)));
    }
    if (arguments.contains(directory.resolve("orders").toString())) {
      orders();
    }
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    new Kho(pipe.console, "").run(arguments.toArray(String[]::new));

    String printed = pipe.err() + pipe.out();
    for (String word : words(command)) {
      printed = printed.replace(String.valueOf(file(word, files)), word);
    }
    assertThat(printed.stripTrailing()).matches(pattern(output));
  }

  @ParameterizedTest
  @MethodSource("pages")
  void namesCommandsAndOptionsThatExist(Path page) {
    for (String line : blocks(page).stream().flatMap(DocumentedCommandsTest::joined).toList()) {
      for (String part : line.split("[|;&]|\\$\\(|#", -1)) {
        List<String> words = words(part.strip());
        int kho = words.indexOf("kho");
        if (kho == 0) {
          requireOptions(page, words);
        }
      }
    }
  }

  @Test
  void runsWhatIsShown() throws IOException {
    assertThat(shown().count()).isGreaterThanOrEqualTo(10);
  }

  private static void requireOptions(Path page, List<String> words) {
    CommandLine command = Kho.commandLine();
    for (String word : words.subList(1, words.size())) {
      CommandLine sub = command.getSubcommands().get(word);
      if (sub != null) {
        command = sub;
      } else if (word.startsWith("--") && !word.equals("-->")) {
        Set<String> options = command.getCommandSpec().optionsMap().keySet();
        assertThat(options).as("%s: %s", page, String.join(" ", words)).contains(option(word));
      } else if (words.indexOf(word) == 1) {
        assertThat(word).as("%s: %s", page, String.join(" ", words)).matches("COMMAND|…|help|-.*");
      }
    }
  }

  private static String option(String word) {
    return word.replaceFirst("[=\\[].*", "").replaceFirst("]+$", "");
  }

  private void orders() throws IOException {
    Path path = directory.resolve("orders");
    WarmOptions options = WarmOptions.of("orders", 8L << 30).withSchema(3).withoutReserving();
    try (WarmStore store = WarmStore.open(path, options)) {
      store.allocate("book", 4L << 30);
      Region index = store.allocate("index", 1L << 20, 2);
      assertThat(index.segment().byteSize()).isEqualTo(1L << 20);
    }
  }

  /** Where a file of the docs is: in the project, or among the captures of the tests. */
  private Path file(String word, Map<String, Path> files) {
    Path capture = PROJECT.resolve(CAPTURES).resolve(word);
    Path own = PROJECT.resolve(word);
    if (files.containsKey(word)) {
      return files.get(word);
    }
    if (Files.isRegularFile(capture)) {
      return capture;
    }
    if (Files.isRegularFile(own)) {
      return own;
    }
    return word.endsWith(".ram") ? directory.resolve(word) : Path.of(word);
  }

  /** Output as the page shows it: a line of … is any lines, … at the end of a line is its rest. */
  private static Pattern pattern(String output) {
    return Pattern.compile(
        output
            .lines()
            .map(line -> {
              String rest = line.strip();
              return rest.equals("…")
                  ? "(?s:.*?)"
                  : rest.endsWith("…")
                      ? Pattern.quote(line.substring(0, line.lastIndexOf('…'))) + ".*"
                      : Pattern.quote(line);
            })
            .collect(Collectors.joining("\n")));
  }

  private static List<ShownRun> runs(List<String> block) {
    List<ShownRun> runs = new ArrayList<>();
    for (int line = 0; line < block.size(); line++) {
      if (block.get(line).startsWith("$ ./kho ")) {
        int end = line + 1;
        while (end < block.size() && !block.get(end).startsWith("$ ")) {
          end++;
        }
        runs.add(
            new ShownRun(
                block.get(line).substring(2),
                String.join("\n", block.subList(line + 1, end)).stripTrailing()));
      }
    }
    return runs;
  }

  /** The commands of a block, each in one line. With a prompt in the block, the rest is output. */
  private static Stream<String> joined(List<String> block) {
    boolean prompt = block.stream().anyMatch(line -> line.startsWith("$ "));
    return String.join("\n", block)
        .replaceAll("\\\\\n\\s*", " ")
        .lines()
        .filter(line -> !prompt || line.startsWith("$ "));
  }

  private static List<String> words(String command) {
    return Stream.of(command.replaceFirst("^(\\$ )?(\\./)?", "").split("\\s+", -1))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  /** The blocks of code of a page, indented or fenced, without their indentation. */
  private static List<List<String>> blocks(Path page) {
    List<String> lines;
    try {
      lines = Files.readAllLines(page);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    List<List<String>> blocks = new ArrayList<>();
    List<String> block = new ArrayList<>();
    boolean fenced = false;
    for (String line : lines) {
      if (line.startsWith("```")) {
        fenced = !fenced;
      }
      boolean code = fenced ? !line.startsWith("```") : line.startsWith("    ");
      boolean blankInside = !fenced && line.isEmpty() && !block.isEmpty();
      if (code || blankInside) {
        block.add(fenced || line.isEmpty() ? line : line.substring(4));
      } else if (!block.isEmpty()) {
        blocks.add(List.copyOf(block));
        block.clear();
      }
    }
    blocks.add(List.copyOf(block));
    return blocks;
  }
}
