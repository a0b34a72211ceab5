package org.kho4j.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Hosts per second, of the whole job in a new JVM and of a loop of kho preflight. */
@EnabledIfSystemProperty(named = "kho.fleet.scale", matches = ".+")
class FleetScaleTest {

  private static final String KIND = System.getProperty("kho.fleet.kind", "everything-document");
  private static final int LOOPED = 10;

  @TempDir Path temporary;

  @Test
  void hostsPerSecond() throws IOException, InterruptedException {
    String kernel = KnownMatrix.read().kernels().getFirst();
    FleetGenerator generator = new FleetGenerator(1);
    for (String size : System.getProperty("kho.fleet.scale").split("[ ,]+", -1)) {
      int hosts = Integer.parseInt(size);
      Path folder = temporary.resolve(size);
      generator.make(folder, KIND, hosts);
      for (int cores = 1; cores <= 2; cores++) {
        Path output = temporary.resolve(size + "-" + cores);
        double seconds =
            seconds(
                command(
                    "-Dspark.master=local[" + cores + "]",
                    KnownMatrix.arguments(folder, List.of(kernel), output)));
        System.out.printf(
            "%,d hosts (%s) on %d %s in %.1f s: %,.1f a second%n",
            hosts, KIND, cores, cores == 1 ? "core" : "cores", seconds, hosts / seconds);
      }
    }
    loop(kernel);
  }

  /** What a person would do without Spark. */
  private void loop(String kernel) throws IOException, InterruptedException {
    Path kho = Path.of("../kho").toAbsolutePath().normalize();
    try (var files = Files.walk(temporary)) {
      List<Path> hosts =
          files
              .filter(Files::isRegularFile)
              .filter(file -> file.getFileName().toString().startsWith("host-"))
              .limit(LOOPED)
              .toList();
      seconds(List.of(kho.toString(), "--version")); // builds it, if need be
      double sum = 0;
      for (Path host : hosts) {
        sum +=
            seconds(
                List.of(
                    kho.toString(),
                    "preflight",
                    "--from",
                    host.toString(),
                    "--to",
                    kernel,
                    "--cmdline",
                    FleetGenerator.COMMAND_LINE));
      }
      System.out.printf(
          "%,d hosts (%s) in a shell loop of kho preflight in %.1f s: %,.1f a second%n",
          hosts.size(), KIND, sum, hosts.size() / sum);
    }
  }

  private static List<String> command(String setting, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            setting,
            "-Dspark.ui.enabled=false",
            "-cp",
            System.getProperty("java.class.path")
                .replace("../", new File("..").getAbsolutePath() + "/"),
            FleetMain.class.getName()));
    command.addAll(arguments);
    return command;
  }

  private double seconds(List<String> command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    Path log = temporary.resolve("log");
    long start = System.nanoTime();
    int status = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor();
    assertThat(status).as(Files.readString(log)).isLessThan(2);
    return (System.nanoTime() - start) / 1e9;
  }
}
