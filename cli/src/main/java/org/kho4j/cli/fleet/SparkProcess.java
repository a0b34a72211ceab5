package org.kho4j.cli.fleet;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.kho4j.cli.command.Invocation;

/** A JVM with Apache Spark on its class path, which runs the job of module {@code fleet}. */
final class SparkProcess {

  private static final String MAIN = "org.kho4j.fleet.FleetMain";

  private SparkProcess() {}

  /** Runs the command line that was given, and returns its exit status. */
  static int run(Invocation invocation, FleetOptions options) throws IOException {
    String root = System.getProperty("kho.root");
    if (root == null) {
      throw new IOException(
          "kho fleet runs on Apache Spark, but this installation has neither Spark nor"
              + " kho4j-fleet.jar: call ./kho fleet in a clone of kho4j, or give its"
              + " fleet/target/kho4j-fleet.jar to spark-submit");
    }
    String home = Objects.requireNonNullElse(System.getenv("SPARK_HOME"), "");
    boolean own = home.isEmpty();
    Path spark = own ? Path.of(root, "fleet", "target", "spark") : Path.of(home, "jars");
    build(root, own);
    require(spark, own);
    Path jar = Path.of(root, "fleet", "target", "kho4j-fleet.jar");
    ProcessBuilder process =
        new ProcessBuilder(command(invocation, jar, spark, options)).inheritIO();
    if (options.isLocal()) {
      // Nobody else is to reach the job or its web page.
      process.environment().putIfAbsent("SPARK_LOCAL_IP", "127.0.0.1");
    }
    return exitStatus(process);
  }

  /** Compiles the job if it is older than its sources, and fetches Spark if it is to be ours. */
  private static void build(String root, boolean own) throws IOException {
    Path script = Path.of(root, "tools", "build-fleet");
    if (exitStatus(List.of("sh", script.toString(), own ? "--with-spark" : "--jar")) != 0) {
      throw new IOException("kho fleet is not built: see above");
    }
  }

  private static void require(Path spark, boolean own) throws IOException {
    try (var jars = Files.newDirectoryStream(spark, "spark-sql_2.13-4.*.jar")) {
      if (jars.iterator().hasNext()) {
        return;
      }
    } catch (IOException missing) {
      // The same sentence.
    }
    throw new IOException(
        spark
            + ": no spark-sql_2.13-4.*.jar, but kho fleet needs Apache Spark 4 for Scala 2.13"
            + (own ? "" : ": SPARK_HOME names another Spark, or none"));
  }

  private static List<String> command(
      Invocation invocation, Path jar, Path spark, FleetOptions options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dkho.terminals=" + System.getProperty("kho.terminals", "")));
    String more = System.getenv("KHO_JAVA_OPTS");
    if (more != null && !more.isBlank()) {
      command.addAll(List.of(more.strip().split("\\s+")));
    }
    command.addAll(
        List.of(
            "-cp",
            jar + File.pathSeparator + spark.resolve("*"),
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            options.master(),
            "--class",
            MAIN));
    command.addAll(
        List.of(
            "--conf",
            // Spark's bar of stages, for a person who looks.
            "spark.ui.showConsoleProgress="
                + System.getProperty("kho.terminals", "").contains("err")));
    for (String setting : options.settings()) {
      command.addAll(List.of("--conf", setting));
    }
    command.add(jar.toString());
    command.addAll(invocation.commandLine().originalArgs());
    return command;
  }

  private static int exitStatus(List<String> command) throws IOException {
    return exitStatus(new ProcessBuilder(command).inheritIO());
  }

  private static int exitStatus(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    Thread killer = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(killer);
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while Spark ran", e);
    } finally {
      removeHook(killer);
    }
  }

  private static void removeHook(Thread killer) {
    try {
      Runtime.getRuntime().removeShutdownHook(killer);
    } catch (IllegalStateException ending) {
      // The hook runs already.
    }
  }
}
