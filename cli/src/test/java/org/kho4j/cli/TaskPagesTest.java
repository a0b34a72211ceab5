package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Commands of docs/tasks on files of the project print what the page shows. */
class TaskPagesTest {

  private static final Path PROJECT = Path.of(System.getProperty("basedir", "."), "..");
  private static final String PROMPT = "    $ ./kho ";

  @Test
  void commandsPrintWhatTheirPageShows() throws IOException {
    int commands = 0;
    for (Path page : pages()) {
      List<String> lines = Files.readAllLines(page);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        if (line.startsWith(PROMPT)
            && (line.contains(" abi structures ") || line.contains(".zst"))) {
          String command = line.substring(PROMPT.length());
          if (!command.contains(" --")) {
            assertThat(printed(command))
                .as("%s: %s", page, command)
                .startsWith(shown(lines, i + 1));
            commands++;
          }
        }
      }
    }
    assertThat(commands).isGreaterThanOrEqualTo(5);
  }

  /** The rest of the block, up to the next prompt or a line with nothing but an ellipsis. */
  private static String shown(List<String> lines, int from) {
    List<String> shown = new ArrayList<>();
    for (String line : lines.subList(from, lines.size())) {
      boolean inside = line.isEmpty() || line.startsWith("    ");
      if (!inside || line.startsWith("    $ ") || line.strip().equals("…")) {
        break;
      }
      shown.add(line.isEmpty() ? "" : line.substring(4));
    }
    return String.join("\n", shown).strip();
  }

  private static String printed(String command) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String directory = PROJECT + "/";
    String[] arguments =
        Stream.of(command.split(" "))
            .map(word -> word.endsWith(".zst") ? directory + word : word)
            .toArray(String[]::new);
    new Kho(pipe.console, "").run(arguments);
    return pipe.out()
        .lines()
        .map(String::stripTrailing)
        .reduce("", (a, b) -> a + "\n" + b)
        .strip()
        .replace(directory, "");
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> files = Files.list(PROJECT.resolve("docs/tasks"))) {
      return files.sorted().toList();
    }
  }
}
