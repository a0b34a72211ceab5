package org.kho4j.fleet;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Spark's own cluster on loopback: a master, and workers of one core each, all processes of their
 * own. Closing it ends all of them.
 */
final class StandaloneCluster implements AutoCloseable {

  private static final List<String> JVM =
      List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Path folder;
  private final int port;
  private final List<String> classPath =
      List.of(System.getProperty("java.class.path").split(File.pathSeparator)).stream()
          .map(entry -> Path.of(entry).toAbsolutePath().normalize().toString())
          .toList();
  private final List<Process> processes = Collections.synchronizedList(new ArrayList<>());

  StandaloneCluster(Path folder) throws IOException {
    this.folder = folder;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      this.port = free.getLocalPort();
    }
    Path jars = Files.createDirectories(folder.resolve("spark/jars"));
    for (String entry : classPath) {
      if (entry.endsWith(".jar")) {
        Path link = jars.resolve(Path.of(entry).getFileName());
        if (!Files.exists(link)) {
          Files.createSymbolicLink(link, Path.of(entry));
        }
      }
    }
    start(
        "master",
        List.of(
            "-Xmx256m",
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            "" + port,
            "--webui-port",
            "0"));
    await("the master listens", this::isListening);
  }

  private String url() {
    return "spark://127.0.0.1:" + port;
  }

  private boolean isListening() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Adds a worker. */
  Process worker(String name) throws IOException {
    return start(
        name,
        List.of(
            "-Xmx256m",
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            "--cores",
            "1",
            "--memory",
            "1g",
            "--work-dir",
            folder.resolve(name).toString(),
            url()));
  }

  /** Submits a command line of {@code kho}. */
  Process submit(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("-Xmx512m", "org.apache.spark.deploy.SparkSubmit", "--master", url()));
    String directories =
        classPath.stream()
            .filter(entry -> !entry.endsWith(".jar"))
            .collect(Collectors.joining(File.pathSeparator));
    for (String setting :
        List.of(
            "spark.ui.enabled=false",
            "spark.executor.memory=512m",
            "spark.executor.extraClassPath=" + directories,
            "spark.executor.extraJavaOptions=" + String.join(" ", JVM),
            "spark.network.timeout=60s")) {
      command.addAll(List.of("--conf", setting));
    }
    command.addAll(List.of("--class", FleetMain.class.getName(), "spark-internal"));
    command.addAll(arguments);
    return start("submit", command);
  }

  /** What a process wrote. */
  String log(String name) throws IOException {
    return Files.readString(folder.resolve(name + ".log"));
  }

  private Process start(String name, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath)));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("SPARK_HOME", folder.resolve("spark").toString());
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  /** Waits for something that another process does. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + PATIENCE + ": " + what);
      }
      LockSupport.parkNanos(20_000_000);
    }
  }

  /** Kills a process and those that it started, as a machine that loses its power does. */
  static void kill(Process process) {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    all.forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    processes.reversed().forEach(StandaloneCluster::kill);
  }
}
