package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The section of the README for Java programmers is code of examples/java. */
class ReadmeJavaTest {

  private static final Path PROJECT = Path.of(System.getProperty("basedir", "."), "..");

  @Test
  void itsProgramAndItsCoordinatesAreThoseOfTheExample() throws IOException {
    String readme = Files.readString(PROJECT.resolve("README.md"));
    String section = readme.substring(readme.indexOf("## For Java programmers"));
    Path example = PROJECT.resolve("examples/java");

    assertThat(lines(example.resolve("src/main/java/example/ReadAndHandOver.java")))
        .containsSequence(block(section, "java"));
    assertThat(lines(example.resolve("pom.xml"))).containsSequence(block(section, "xml"));
  }

  /** The lines of the first block of code in a language. */
  private static List<String> block(String section, String language) {
    String fence = "```" + language + "\n";
    int start = section.indexOf(fence) + fence.length();
    return section
        .substring(start, section.indexOf("```", start))
        .lines()
        .map(String::strip)
        .toList();
  }

  private static List<String> lines(Path file) throws IOException {
    return Files.readString(file).lines().map(String::strip).toList();
  }
}
