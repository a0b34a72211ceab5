package org.kho4j.cli.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Another JVM like this one, with the same classes and the same start-up cache. */
final class JavaProcess {

  private JavaProcess() {}

  /** The command line that runs a main class of this module. */
  static List<String> commandLine(Class<?> main, List<String> args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED"));
    startUpCache().ifPresent(command::addAll);
    String classPath = System.getProperty("java.class.path", "");
    if (!classPath.isEmpty()) {
      command.addAll(List.of("-cp", classPath));
    }
    String modulePath = System.getProperty("jdk.module.path");
    if (modulePath != null) {
      command.addAll(List.of("-p", modulePath, "--add-modules", "ALL-MODULE-PATH"));
    }
    // A run-time image has its modules without a module path.
    if (main.getModule().isNamed()) {
      command.addAll(List.of("-m", main.getModule().getName() + "/" + main.getName()));
    } else {
      command.add(main.getName());
    }
    command.addAll(args);
    return command;
  }

  /** The options that this JVM's cache was named with. What it has to say of one helps no user. */
  private static Optional<List<String>> startUpCache() {
    return ProcessHandle.current().info().arguments().stream()
        .flatMap(Arrays::stream)
        .filter(argument -> argument.startsWith("-XX:AOTCache="))
        .findFirst()
        .map(cache -> List.of(cache, "-Xlog:disable", "-XX:-PrintWarnings"));
  }
}
