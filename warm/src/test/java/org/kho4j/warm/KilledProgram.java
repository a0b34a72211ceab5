package org.kho4j.warm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** Starts JVMs of {@link KilledProcess}, if wanted with a start-up cache. */
final class KilledProgram {

  private static final String FOREVER = Long.toString(Long.MAX_VALUE);

  private final Path directory;
  private final String stores;
  private List<String> classPath;
  private List<String> cache = List.of();

  /** The program on the stores of a directory. */
  KilledProgram(Path directory, int stores) {
    this.directory = directory;
    this.stores = Integer.toString(stores);
    this.classPath = classPath();
  }

  /** Where a process of its own finds the classes, on whatever path this one has them. */
  static List<String> classPath() {
    String file = "/" + KilledProcess.class.getName().replace('.', '/') + ".class";
    String found = String.valueOf(KilledProcess.class.getResource(file));
    String root = URI.create(found.substring(0, found.length() - file.length() + 1)).getPath();
    String all =
        String.join(
            File.pathSeparator,
            root,
            System.getProperty("java.class.path"),
            System.getProperty("jdk.module.path", ""));
    return Arrays.stream(all.split(File.pathSeparator))
        .filter(path -> path.contains("kho4j") || Files.isDirectory(Path.of(path)))
        .distinct()
        .toList();
  }

  /** Makes a start-up cache in a run that ends by itself. A cache wants jars. */
  void cache() throws IOException, InterruptedException {
    Path trial = Files.createDirectory(directory.resolve("trial"));
    List<String> jars = new ArrayList<>();
    for (String path : classPath) {
      jars.add(Files.isDirectory(Path.of(path)) ? jar(Path.of(path), trial, jars.size()) : path);
    }
    classPath = jars;
    for (int number = 0; number < Integer.parseInt(stores); number++) {
      KilledProcess.create(KilledProcess.store(trial, number));
    }
    Path file = directory.resolve("cache");
    List<String> command = command(List.of("-XX:AOTCacheOutput=" + file), "0", trial, "100");
    Process training =
        new ProcessBuilder(command)
            .inheritIO()
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(training.waitFor()).isZero();
    cache = List.of("-XX:AOTCache=" + file, "-XX:AOTMode=on");
  }

  private static String jar(Path classes, Path directory, int number) throws IOException {
    Path jar = directory.resolve("classes-" + number + ".jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar.toString();
  }

  /**
   * Starts a process that works until it is killed.
   *
   * @param tier the JIT compiler to use at most: 1 or 4
   */
  Process start(long seed, int tier) throws IOException {
    List<String> options = new ArrayList<>(cache);
    options.add("-XX:TieredStopAtLevel=" + tier);
    return new ProcessBuilder(command(options, Long.toString(seed), directory, FOREVER))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private List<String> command(List<String> options, String seed, Path where, String rounds) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx64m", "-XX:-UsePerfData"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(options);
    command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath)));
    command.add(KilledProcess.class.getName());
    command.addAll(List.of(seed, where.toString(), stores, rounds));
    return command;
  }
}
