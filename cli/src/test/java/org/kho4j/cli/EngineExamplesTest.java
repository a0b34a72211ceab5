package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
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
  private String errors(String example) {
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
    StringWriter said = new StringWriter();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    compiler
        .getTask(
            said,
            null,
            null,
            List.of("-proc:none", "-d", directory.toString(), "-cp", path()),
            null,
            List.of(new Source(source)))
        .call();
    return said.toString();
  }

  private static String path() {
    return Stream.of("jdk.module.path", "java.class.path")
        .map(System::getProperty)
        .filter(path -> path != null && !path.isEmpty())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String text) {
      super(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}
