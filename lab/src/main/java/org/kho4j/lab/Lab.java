package org.kho4j.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.kho4j.lab.agreement.AgreementPlan;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.jump.Jumps;
import org.kho4j.lab.scenario.KhoCommand;
import org.kho4j.lab.scenario.Scenario;
import tools.jackson.databind.json.JsonMapper;

/** Runs scenarios on kernels. {@code lab/run} starts it. */
public final class Lab {

  private static final String HELP =
      """
      usage: lab/run [OPTION…] [capture] [WHICH…]
             lab/run agree [--seed=N] [--boots=N] [KERNEL…]
             lab/run [OPTION…] preflight [WHICH…]

      Boots real kernels under QEMU, and has them judge what kho4j reads and writes.
      WHICH is a scenario, a kernel, or kernel/scenario; without any, all scenarios run on all kernels.
      capture WHICH also writes the memory at the jump, in the small form that test resources have,
      and what the guest said of it.
      agree boots kernels on hundreds of handovers, sound and broken, N for each rule of verify, and compares
      what they do with what verify says: lab/agreement.tsv, docs/agreement.md.
      preflight hands over between kernels that differ on purpose, and compares what kho preflight says with what
      happens; WHICH is a kernel of lab/kernels/preflight or FROM-to-TO.
      A kernel is built when it is needed first (some minutes), and kept.

        --list        shows the scenarios and kernels
        --fast        only the scenarios that take seconds
        --keep        keeps the files of runs that passed, too
        --record      preflight: writes the results into the sources, from which the tables in docs are made
        --contradict  has guests do another thing than is expected: every scenario has to fail
        --help        shows this

      KHO_LAB_KERNEL=PATH   a ready bzImage or arm64 Image in place of the lab's kernels
      KHO_LAB_CACHE=DIR     where sources, kernels and runs are kept; else ~/.cache/kho4j-lab
      Exit: 0 every scenario passed, 1 some failed, 2 the lab could not do its work.
      """;

  private final Path lab;
  private final Path cache;
  private final Options options;
  private final Map<String, Kernel> ready = new HashMap<>();
  private final List<String> table = new ArrayList<>();
  private int failed;
  private int passed;

  private Lab(Path lab, Path cache, Options options) {
    this.lab = lab;
    this.cache = cache;
    this.options = options;
  }

  /** Runs what the arguments choose, and exits. */
  public static void main(String[] args) throws Exception {
    Path lab = Path.of(System.getProperty("kho.lab", "lab")).toAbsolutePath().normalize();
    System.exit(run(lab, args));
  }

  /**
   * Runs what the arguments choose; the exit status.
   *
   * @param lab the directory of the lab's own files
   */
  static int run(Path lab, String... args) throws Exception {
    try {
      if (args.length > 0 && args[0].equals("agree")) {
        return AgreementPlan.run(lab, cache(), Arrays.copyOfRange(args, 1, args.length));
      }
      Options options = Options.parse(args);
      if (options.help()) {
        System.out.print(HELP);
        return 0;
      }
      return new Lab(lab, cache(), options).run();
    } catch (LabFailure e) {
      System.err.println("lab: " + e.getMessage());
      return 2;
    }
  }

  private static Path cache() {
    String own = System.getenv("KHO_LAB_CACHE");
    String caches = System.getenv("XDG_CACHE_HOME");
    return own != null
        ? Path.of(own)
        : (caches != null ? Path.of(caches) : Path.of(System.getProperty("user.home"), ".cache"))
            .resolve("kho4j-lab");
  }

  private int run() throws Exception {
    if (options.preflight()) {
      return preflight() ? 0 : 1;
    }
    List<Kernel> kernels = kernels();
    if (options.list()) {
      list(kernels);
      return 0;
    }
    options.requireKnown(kernels);
    KhoCommand.build(lab);
    for (Kernel kernel : kernels) {
      List<Scenario> chosen =
          Scenario.all().stream()
              .filter(scenario -> scenario.on().test(kernel) && options.wants(kernel, scenario))
              .toList();
      for (Scenario scenario : chosen) {
        run(kernel.name(), ready(scenario.boots(lab, kernel)), scenario);
      }
    }
    System.out.printf("%n%-9s %7s %7s  %s%n", "", "seconds", "checks", "kernel/scenario");
    table.forEach(System.out::println);
    System.out.printf("%d passed, %d failed%n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
  }

  private Kernel ready(Kernel kernel) throws Exception {
    Kernel known = ready.get(kernel.name());
    if (known == null) {
      known = kernel.name().equals("ready") ? kernel : kernel.built(lab);
      ready.put(kernel.name(), known);
    }
    return known;
  }

  private boolean preflight() throws Exception {
    if (options.list()) {
      Jumps.names(lab).forEach(System.out::println);
      return true;
    }
    Path results = lab.resolveSibling("cli/src/test/resources/org/kho4j/cli/preflight");
    return new Jumps(lab, cache.resolve("runs"), options.record() ? results : null)
        .run(options.which());
  }

  private List<Kernel> kernels() throws Exception {
    String ready = System.getenv("KHO_LAB_KERNEL");
    if (ready != null && !ready.isEmpty()) {
      return List.of(Kernel.ready(Path.of(ready).toAbsolutePath()));
    }
    List<Kernel> kernels = new ArrayList<>();
    for (String name : Kernel.names(lab, "")) {
      kernels.add(Kernel.described(lab, name));
    }
    return kernels;
  }

  private static void list(List<Kernel> kernels) {
    System.out.println("scenarios (* fast)");
    for (Scenario scenario : Scenario.all()) {
      System.out.printf(
          "  %s %-20s %s%n", scenario.fast() ? "*" : " ", scenario.name(), scenario.proves());
    }
    System.out.println("kernels");
    kernels.forEach(kernel -> System.out.println("    " + kernel.name()));
  }

  private void run(String on, Kernel kernel, Scenario scenario) throws Exception {
    String name = on + "/" + scenario.name();
    Path directory = cache.resolve("runs").resolve(name);
    System.out.printf("%-32s ", name);
    System.out.flush();
    long start = System.nanoTime();
    String failure = null;
    int checks;
    Path capture =
        options.capture() ? cache.resolve("captures").resolve(name.replace('/', '-')) : null;
    try (Run run =
        new Run(lab, directory, kernel, scenario.limit(), options.contradict(), capture)) {
      try {
        scenario.body().run(run);
      } catch (Exception | Error e) {
        failure = e instanceof LabFailure ? e.getMessage() : trace(e);
      }
      checks = run.checks();
      if (capture != null && failure == null) {
        writeFacts(run, capture);
      }
    }
    if (failure == null && !options.keep()) {
      Run.delete(directory);
    }
    double seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
    boolean good = (failure == null) != options.contradict();
    String verdict =
        (failure == null ? "ok" : "FAILED")
            + (options.contradict() && good ? " (as it has to)" : "");
    System.out.printf(Locale.ROOT, "%s %.1f s, %d checks%n", verdict, seconds, checks);
    if (capture != null && failure == null) {
      System.out.println("    " + capture + ".elf.zst");
    }
    if (failure != null) {
      System.out.println("    " + failure.strip().replace("\n", "\n    "));
      System.out.println("    what it said: " + directory);
    }
    table.add(
        String.format(
            Locale.ROOT, "%-9s %7.1f %7d  %s", good ? "ok" : "FAILED", seconds, checks, name));
    if (good) {
      passed++;
    } else {
      failed++;
    }
  }

  /** Writes one session a line, so that a reader sees changes. */
  private static void writeFacts(Run run, Path capture) throws IOException {
    JsonMapper json = new JsonMapper();
    String facts =
        run.facts().entrySet().stream()
            .map(fact -> {
              Object value = fact.getValue();
              String text =
                  value instanceof Collection<?> items
                      ? items.stream()
                          .map(json::writeValueAsString)
                          .collect(Collectors.joining(",\n    ", "[\n    ", "\n  ]"))
                      : json.writeValueAsString(value);
              return json.writeValueAsString(fact.getKey()) + ": " + text;
            })
            .collect(Collectors.joining(",\n  ", "{\n  ", "\n}\n"));
    Files.writeString(capture.resolveSibling(capture.getFileName() + ".json"), facts);
  }

  private static String trace(Throwable failure) {
    java.io.StringWriter trace = new java.io.StringWriter();
    failure.printStackTrace(new java.io.PrintWriter(trace));
    return trace.toString();
  }
}
