package org.kho4j.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs benchmarks and their peers in C by turns, and prints one table. Called by {@code bench/run}.
 *
 * <p>A benchmark is a class of this package with JMH's annotations, or one of the {@link
 * #HARNESSES}, which print rows as the peers do; its peer is {@code bench/c/<Class>.c}. Either may
 * stand alone.
 */
public final class BenchmarkRun {

  /** The options that {@code ./kho} starts with: the heap is part of what is promised. */
  private static final String[] JVM_OPTIONS = {
    "-XX:+UseSerialGC",
    "-Xmx64m",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow"
  };

  /** Classes with a main method, for what JMH cannot repeat in one JVM. */
  private static final List<String> HARNESSES = List.of("VmallocHarness");

  private final Path peers;
  private final List<String> names;
  private final boolean quick;
  private final SampleTable report = new SampleTable();

  private BenchmarkRun(Path peers, List<String> names, boolean quick) {
    this.peers = peers;
    this.names = names;
    this.quick = quick;
  }

  /** {@code <directory of the peers> [--list] [--inputs] [--quick] [--rounds=n] [name …]}. */
  public static void main(String[] args) throws Exception {
    List<String> options = Arrays.stream(args).skip(1).filter(arg -> arg.startsWith("--")).toList();
    List<String> names = Arrays.stream(args).skip(1).filter(arg -> !arg.startsWith("--")).toList();
    boolean quick = options.contains("--quick");
    BenchmarkRun run = new BenchmarkRun(Path.of(args[0]), names, quick);
    NavigableSet<String> programs = run.programs();
    NavigableSet<String> benchmarks = run.benchmarks();
    NavigableSet<String> harnesses = run.asked(HARNESSES.stream());
    if (options.contains("--list")) {
      Set<String> both = new TreeSet<>(benchmarks);
      both.addAll(harnesses);
      both.forEach(System.out::println);
      programs.removeAll(both);
      programs.forEach(System.out::println);
      return;
    }
    run.writeInputs(benchmarks);
    if (options.contains("--inputs")) {
      return;
    }
    int rounds = rounds(options, quick ? 1 : 3);
    for (int round = 1; round <= rounds; round++) {
      Set<String> all = new TreeSet<>(programs);
      all.addAll(benchmarks);
      all.addAll(harnesses);
      for (String name : all) {
        System.err.printf("round %d of %d: %s%n", round, rounds, name);
        if (programs.contains(name)) {
          run.runProgram(name);
        }
        if (benchmarks.contains(name)) {
          run.runBenchmark(name);
        }
        if (harnesses.contains(name)) {
          run.runHarness(name);
        }
      }
    }
    System.out.print(quick ? run.report.rowNames() : run.report);
  }

  private static int rounds(List<String> options, int otherwise) {
    String option = "--rounds=";
    return options.stream()
        .filter(each -> each.startsWith(option))
        .mapToInt(each -> Integer.parseInt(each.substring(option.length())))
        .findFirst()
        .orElse(otherwise);
  }

  /** Peers in C that were asked for, by the name of their class. */
  private NavigableSet<String> programs() throws IOException {
    try (Stream<Path> files = Files.list(peers)) {
      return asked(files.map(file -> file.getFileName().toString()));
    }
  }

  /** Classes with benchmarks that were asked for. */
  private NavigableSet<String> benchmarks() {
    var silent =
        OutputFormatFactory.createFormatInstance(
            new PrintStream(OutputStream.nullOutputStream()), VerboseMode.SILENT);
    return asked(
        BenchmarkList.defaultList().getAll(silent, List.of()).stream()
            .map(entry -> simpleName(entry.getUserClassQName())));
  }

  private NavigableSet<String> asked(Stream<String> all) {
    NavigableSet<String> asked = new TreeSet<>();
    all.filter(name -> names.isEmpty() || names.stream().anyMatch(each -> isOfClass(each, name)))
        .forEach(asked::add);
    return asked;
  }

  private static boolean isOfClass(String asked, String className) {
    return className.equalsIgnoreCase(asked.replaceFirst("[.:].*", ""));
  }

  private boolean isAsked(String row) {
    return names.isEmpty()
        || names.stream()
            .anyMatch(
                name -> row.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT)));
  }

  private static String simpleName(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }

  private void writeInputs(Set<String> benchmarks)
      throws IOException, ReflectiveOperationException {
    Path directory = InputFiles.directory();
    Files.createDirectories(directory);
    for (String name : benchmarks) {
      Class<?> benchmark = Class.forName(BenchmarkRun.class.getPackageName() + "." + name);
      if (InputFiles.class.isAssignableFrom(benchmark)) {
        ((InputFiles) benchmark.getConstructor().newInstance()).writeTo(directory);
      }
    }
  }

  private void runProgram(String name) throws IOException, InterruptedException {
    String directory = InputFiles.directory().toString();
    rows(SampleTable.Side.C, new ProcessBuilder(peers.resolve(name).toString(), directory));
  }

  private void runHarness(String name) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                BenchmarkRun.class.getPackageName() + "." + name,
                InputFiles.directory().toString()));
    command.addAll(quick ? List.of("256") : List.of("65536", "0", "true", "4"));
    rows(SampleTable.Side.JAVA, new ProcessBuilder(command));
  }

  private void rows(SampleTable.Side side, ProcessBuilder builder)
      throws IOException, InterruptedException {
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    if (quick) {
      builder.environment().put("KHO_BENCH_QUICK", "1");
    }
    if (names.size() == 1) {
      builder.environment().put("KHO_BENCH_ROWS", names.getFirst());
    }
    Process process = builder.start();
    try (Stream<String> lines = process.inputReader().lines()) {
      lines.forEach(line -> {
        String[] words = line.split(" ", -1);
        if (words.length == 3 && isAsked(words[0])) {
          report.add(side, words[0], Double.parseDouble(words[1]), words[2]);
        }
      });
    }
    if (process.waitFor() != 0) {
      throw new IOException(builder.command() + " ended with status " + process.exitValue());
    }
  }

  private void runBenchmark(String name) throws RunnerException {
    var options =
        new OptionsBuilder()
            .include(methods(name))
            .forks(1)
            .warmupIterations(quick ? 2 : 3)
            .warmupTime(TimeValue.milliseconds(quick ? 100 : 700))
            .measurementIterations(quick ? 2 : 5)
            .measurementTime(TimeValue.milliseconds(quick ? 20 : 300))
            // Before those of a benchmark itself, which may need more heap.
            .jvmArgsPrepend(options())
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    for (RunResult result : new Runner(options.build()).run()) {
      BenchmarkParams params = result.getParams();
      String row = row(params);
      if (!isAsked(row)) {
        continue;
      }
      for (BenchmarkResult fork : result.getBenchmarkResults()) {
        for (IterationResult iteration : fork.getIterationResults()) {
          report.add(
              SampleTable.Side.JAVA,
              row,
              iteration.getPrimaryResult().getScore(),
              iteration.getScoreUnit());
        }
      }
    }
  }

  private static String[] options() {
    List<String> options = new ArrayList<>(List.of(JVM_OPTIONS));
    options.add("-Dkho.bench.directory=" + InputFiles.directory());
    return options.toArray(String[]::new);
  }

  /** A pattern for the methods of a class that were asked for. */
  private String methods(String className) {
    List<String> rows =
        names.stream()
            .filter(name -> isOfClass(name, className))
            .map(name -> name.replaceFirst(":.*", ""))
            .toList();
    return rows.isEmpty() || rows.stream().anyMatch(row -> !row.contains("."))
        ? Pattern.quote("." + className + ".")
        : rows.stream()
            .map(row -> "(?i)" + Pattern.quote("." + row))
            .collect(Collectors.joining("|"));
  }

  private static String row(BenchmarkParams params) {
    String[] names = params.getBenchmark().split("\\.", -1);
    StringBuilder row = new StringBuilder(names[names.length - 2]).append('.');
    row.append(names[names.length - 1]);
    for (String key : params.getParamsKeys()) {
      row.append(':').append(params.getParam(key));
    }
    return row.toString();
  }
}
