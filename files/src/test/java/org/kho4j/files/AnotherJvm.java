package org.kho4j.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Runs a class in a JVM of its own. */
final class AnotherJvm {

  private AnotherJvm() {}

  /**
   * Returns what a class of the tests prints. It ends with status 0, and has the classes of this
   * module, without libraries.
   *
   * @param before words in front of the command {@code java}
   */
  static String output(List<String> before, List<String> options, Class<?> main, Path argument)
      throws Exception {
    List<String> words =
        List.of(
            "-cp",
            location(AnotherJvm.class) + ":" + location(MappedFile.class),
            main.getName(),
            argument.toString());
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
                Stream.of(before, List.of(java), options, words).flatMap(List::stream).toList())
            .redirectErrorStream(true);
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    Process process = builder.start();
    String output = process.inputReader().readAllAsString();
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static Path location(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}
