package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A simple name of a top-level class names one class of the whole project, in every module. */
class UniqueNamesTest {

  private static final Path PROJECT = Path.of(System.getProperty("basedir", "."), "..").normalize();

  /**
   * Those of a source tree, by simple name, without {@code module-info} and {@code package-info}.
   */
  private static Map<String, List<Path>> classes(String tree) throws IOException {
    Map<String, List<Path>> classes = new TreeMap<>();
    try (Stream<Path> modules = Files.list(PROJECT)) {
      for (Path sources : modules.map(module -> module.resolve(tree)).toList()) {
        if (Files.isDirectory(sources)) {
          try (Stream<Path> files = Files.walk(sources)) {
            files
                .filter(file -> file.toString().matches(".*/[A-Z][A-Za-z0-9]*\\.java"))
                .forEach(file ->
                    classes
                        .computeIfAbsent(file.getFileName().toString(), name -> new ArrayList<>())
                        .add(file));
          }
        }
      }
    }
    return classes;
  }

  @Test
  void noTwoClassesShareASimpleName() throws IOException {
    Map<String, List<Path>> classes = classes("src/main/java");
    assertThat(classes).containsKeys("Generation.java", "Scenario.java", "VmallocHarness.java");
    assertThat(classes.values()).allSatisfy(files -> assertThat(files).hasSize(1));
  }

  @Test
  void noTwoTestsShareASimpleName() throws IOException {
    Map<String, List<Path>> classes = classes("src/test/java");
    assertThat(classes).containsKeys("UniqueNamesTest.java", "GenerationTest.java");
    assertThat(classes.values()).allSatisfy(files -> assertThat(files).hasSize(1));
  }
}
