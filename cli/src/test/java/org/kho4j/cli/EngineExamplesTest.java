package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/engine.md compile. */
class EngineExamplesTest {

  private static final Path PAGE = Path.of(System.getProperty("basedir", "."), "../docs/engine.md");
  private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TempDir Path directory;

  @Test
  void everyExampleCompiles() throws IOException {
    List<String> examples =
        EXAMPLE
            .matcher(Files.readString(PAGE))
            .results()
            .map((MatchResult result) -> result.group(1))
            .toList();

    assertThat(examples).hasSize(3);
    for (String example : examples) {
      assertThat(errors(example)).as(example).isEmpty();
    }
  }

  /** The compiler's messages about an example: its imports, and the body of a method. */
  private String errors(String example) throws IOException {
    String code = example.replace("-> …", "-> {}").replace("…\n", "\n");
    int imports = code.indexOf("\n\n");
    String source =
        """
        %s
        class Example {
          void example() throws Exception {
            %s
          }
        }
        """
            .formatted(code.substring(0, imports), code.substring(imports));
    Path file = Files.writeString(directory.resolve("Example.java"), source);
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said);
    ToolProvider.findFirst("javac")
        .orElseThrow()
        .run(out, out, "-proc:none", "-d", directory.toString(), "-cp", path(), file.toString());
    return said.toString();
  }

  private static String path() {
    return Stream.of("jdk.module.path", "java.class.path")
        .map(System::getProperty)
        .filter(path -> path != null && !path.isEmpty())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
