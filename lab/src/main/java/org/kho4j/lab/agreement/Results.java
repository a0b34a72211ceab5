package org.kho4j.lab.agreement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.kho4j.lab.guest.LabFailure;

/** {@code lab/agreement.tsv}: the seed, and a line for each trial, as soon as it is over. */
public final class Results {

  private static final String SEED = "# seed ";

  private final Path file;
  private final long seed;
  private final List<TrialResult> all = new ArrayList<>();

  private Results(Path file, long seed) throws IOException {
    this.file = file;
    this.seed = seed;
    for (String line : Files.readAllLines(file)) {
      if (!line.startsWith("#")) {
        all.add(TrialResult.parse(line));
      }
    }
  }

  /** Those that the lab has. */
  public static Results of(Path lab) throws IOException {
    return new Results(lab.resolve("agreement.tsv"), 0);
  }

  /** Opens the results of a seed, to continue them; creates the file if there is none. */
  static Results of(Path lab, long seed) throws IOException {
    Path file = lab.resolve("agreement.tsv");
    if (!Files.exists(file)) {
      Files.writeString(file, SEED + seed + "\n");
    } else if (!Files.readAllLines(file).getFirst().equals(SEED + seed)) {
      throw new LabFailure("%s is of another seed than %d: delete it first".formatted(file, seed));
    }
    return new Results(file, seed);
  }

  synchronized boolean has(Trial trial) {
    return all.stream().anyMatch(result -> result.trial().equals(trial));
  }

  synchronized void add(TrialResult result) throws IOException {
    all.add(result);
    Files.writeString(file, result.toLine() + "\n", StandardOpenOption.APPEND);
    System.out.printf("%4d %s%n", all.size(), result);
  }

  synchronized List<TrialResult> all() {
    return List.copyOf(all);
  }

  /** Writes the file in the order of kernels, kinds and rules, as workers do not end in order. */
  synchronized void sort() throws IOException {
    all.sort(
        Comparator.comparing((TrialResult result) -> result.trial().kernel())
            .thenComparing(result -> result.trial().kind())
            .thenComparing(result -> result.trial().rule())
            .thenComparingInt(result -> result.trial().number()));
    List<String> lines = new ArrayList<>(List.of(SEED + seed));
    all.forEach(result -> lines.add(result.toLine()));
    Files.write(file, lines);
  }
}
