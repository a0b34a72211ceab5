package org.kho4j.lab.agreement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.kho4j.damage.RuleCase;
import org.kho4j.lab.agreement.Trial.Kind;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;

/** {@code lab/run agree}: which handovers are booted on which kernels. */
public final class AgreementPlan {

  /** All of it is done with this one; others are asked less. */
  static final String MAIN = "x86_64-7.3";

  /** Is built without CONFIG_BUG, and does not say its warnings. */
  static final String SILENT = "x86_64-7.2";

  private static final String ARRAYS = "x86_64-7.1";
  private static final String ARM64 = "arm64-7.3-16k";
  private static final List<String> KERNELS = List.of(MAIN, SILENT, ARRAYS, ARM64);
  private static final String SEED = "--seed=";
  private static final String BOOTS = "--boots=";
  private static final int SOUND = 3;

  private AgreementPlan() {}

  /**
   * Boots what the data file does not have yet, and writes the page.
   *
   * @param lab the directory of the lab's own files
   * @param args behind {@code agree}
   * @return the exit status: 1 if a kernel did something else than verify lets expect
   */
  public static int run(Path lab, Path cache, String... args) throws Exception {
    long seed = 1;
    int boots = 3;
    List<String> kernels = new ArrayList<>();
    for (String arg : args) {
      if (arg.startsWith(SEED)) {
        seed = number(arg, SEED);
      } else if (arg.startsWith(BOOTS)) {
        boots = (int) number(arg, BOOTS);
      } else if (KERNELS.contains(arg)) {
        kernels.add(arg);
      } else {
        throw new LabFailure(arg + " is nothing for agree: --seed=N, --boots=N, or of " + KERNELS);
      }
    }
    Results results = Results.of(lab, seed);
    for (String name : kernels.isEmpty() ? KERNELS : kernels) {
      List<Trial> trials = trials(name, boots).filter(trial -> !results.has(trial)).toList();
      if (!trials.isEmpty()) {
        Path directory = cache.resolve("runs").resolve(name).resolve("agree");
        Kernel kernel = Kernel.described(lab, name).built(lab);
        try (Agreement agreement = new Agreement(lab, directory, kernel, seed)) {
          agreement.go(trials, results);
        }
        Run.delete(directory);
      }
    }
    results.sort();
    Files.writeString(page(lab), Page.of(results, mutants(lab)));
    List<String> disagreements = Page.disagreements(results);
    disagreements.forEach(System.out::println);
    System.out.printf(
        "%d boots, %d disagreements: %s%n", results.all().size(), disagreements.size(), page(lab));
    return disagreements.isEmpty() ? 0 : 1;
  }

  /** The section about changes of one field. */
  static String mutants(Path lab) throws IOException {
    return Files.readString(lab.resolve("mutants.md"));
  }

  static Path page(Path lab) {
    return lab.resolveSibling("docs").resolve("agreement.md");
  }

  private static Stream<Trial> trials(String kernel, int boots) {
    List<Trial> trials = new ArrayList<>();
    IntStream.rangeClosed(1, SOUND)
        .forEach(i -> trials.add(new Trial(kernel, Kind.SOUND, Trial.NO_RULE, i)));
    boolean main = kernel.equals(MAIN);
    // The others are about contracts that no kernel here speaks: they break vectors.
    List<RuleCase> rules =
        RuleCase.all().stream()
            .filter(rule -> !rule.capture().matches("(kho|linux|systemd)-.*"))
            .toList();
    for (RuleCase rule : rules) {
      IntStream.rangeClosed(1, main ? boots : 1)
          .forEach(i -> trials.add(new Trial(kernel, Kind.BROKEN, rule.rule(), i)));
    }
    if (main) {
      rules.forEach(rule -> trials.add(new Trial(kernel, Kind.BESIDE, rule.rule(), 1)));
    }
    return trials.stream();
  }

  private static long number(String arg, String option) {
    try {
      return Long.parseLong(arg.substring(option.length()));
    } catch (NumberFormatException e) {
      throw new LabFailure(arg + " has no number");
    }
  }
}
