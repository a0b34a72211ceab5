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

  private static final String IMPORTS =
      Stream.of(
              "java.lang.foreign",
              "java.nio.channels",
              "java.nio.file",
              "java.util",
              "org.kho4j.abi",
              "org.kho4j.handover.boot",
              "org.kho4j.handover.generation",
              "org.kho4j.handover.luo",
              "org.kho4j.handover.luo.LiveUpdateSaver",
              "org.kho4j.handover.memfd",
              "org.kho4j.handover.memfd.MemfdSaver",
              "org.kho4j.handover.pages",
              "org.kho4j.handover.vmalloc",
              "org.kho4j.linux",
              "org.kho4j.memory")
          .map("import %s.*;\n"::formatted)
          .collect(Collectors.joining());

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

  /** What the compiler says of an example. Names that an example takes for granted are fields. */
  private String errors(String example) throws IOException {
    String source =
        IMPORTS
            + """
            class Example {
              WritableMemory memory;
              Generation generation;
              FileChannel channel;
              long size;
              void example() throws Exception {
                %s
              }
            }
            """
                .formatted(example.replace("-> …", "-> {}").replace("…\n", "\n"));
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
