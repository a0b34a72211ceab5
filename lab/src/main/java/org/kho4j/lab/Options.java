package org.kho4j.lab;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.scenario.Scenario;

/** The options of the command line. */
record Options(
    boolean help,
    boolean list,
    boolean fast,
    boolean keep,
    boolean contradict,
    boolean record,
    boolean capture,
    boolean preflight,
    List<String> which) {

  static Options parse(String... args) {
    List<String> flags = new ArrayList<>();
    List<String> which = new ArrayList<>();
    for (String arg : args) {
      if (!arg.startsWith("-")) {
        which.add(arg);
      } else if (List.of("--help", "--list", "--fast", "--keep", "--contradict", "--record")
          .contains(arg)) {
        flags.add(arg);
      } else {
        throw new LabFailure("there is no option " + arg + ": --help shows what there is");
      }
    }
    boolean capture = which.remove("capture");
    if (capture && which.isEmpty()) {
      throw new LabFailure("capture wants to know what: a scenario, or kernel/scenario");
    }
    boolean preflight = which.remove("preflight");
    return new Options(
        flags.contains("--help"),
        flags.contains("--list"),
        flags.contains("--fast"),
        flags.contains("--keep"),
        flags.contains("--contradict"),
        flags.contains("--record"),
        capture,
        preflight,
        which);
  }

  boolean wants(Kernel kernel, Scenario scenario) {
    return (!fast || scenario.fast())
        && (which.isEmpty() || which.stream().anyMatch(word -> names(word, kernel, scenario)));
  }

  /** Returns whether a word of the command line is a kernel, a scenario, or one on the other. */
  private static boolean names(String word, Kernel kernel, Scenario scenario) {
    return word.equals(kernel.name())
        || word.equals(scenario.name())
        || word.equals(kernel.name() + "/" + scenario.name());
  }

  void requireKnown(List<Kernel> kernels) {
    for (String word : which) {
      boolean known =
          kernels.stream()
              .anyMatch(kernel -> Scenario.all().stream().anyMatch(it -> names(word, kernel, it)));
      if (!known) {
        throw new LabFailure(word + " is no scenario and no kernel: --list shows what there is");
      }
    }
  }
}
