package org.kho4j.lab.jump;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Hands over between kernels that differ on purpose, and compares what kho preflight said before
 * with what happened.
 */
public final class Jumps {

  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  private final Path lab;
  private final Path runs;
  private final @Nullable Path record;

  /**
   * Jumps whose files are kept in {@code runs}.
   *
   * @param record where the results are written, a file for each, if they are
   */
  public Jumps(Path lab, Path runs, @Nullable Path record) {
    this.lab = lab;
    this.runs = runs;
    this.record = record;
  }

  /** The names of all jumps. */
  public static List<String> names(Path lab) throws IOException {
    return all(lab).stream().map(Jump::name).toList();
  }

  private static List<Jump> all(Path lab) throws IOException {
    return Jump.all(Kernel.names(lab, Jump.FAMILY));
  }

  /**
   * Does the jumps that are chosen by name, or by one of their kernels, or all.
   *
   * @return whether preflight was right about every one
   */
  public boolean run(List<String> which) throws Exception {
    int agreed = 0;
    int done = 0;
    for (Jump jump : all(lab)) {
      if (which.isEmpty()
          || which.contains(jump.name())
          || which.contains(jump.from())
          || which.contains(jump.to())) {
        done++;
        agreed += run(jump) ? 1 : 0;
      }
    }
    if (done == 0) {
      throw new LabFailure(which + " chooses no jump: lab/run --list shows them");
    }
    System.out.printf("%d jumps, preflight was right about %d%n", done, agreed);
    return agreed == done;
  }

  private boolean run(Jump jump) throws Exception {
    System.out.printf("%-44s ", jump.name());
    System.out.flush();
    long start = System.nanoTime();
    Kernel first = Kernel.described(lab, Jump.FAMILY + jump.from()).built(lab);
    Kernel next = Kernel.described(lab, Jump.FAMILY + jump.to()).built(lab);
    Path directory = runs.resolve("jumps").resolve(jump.name());
    JumpResult result;
    try (Run run = new Run(lab, directory, first, LIMIT, false, null)) {
      result = new Jumper(run, jump, next).go();
    } catch (LabFailure e) {
      System.out.println("FAILED: " + e.getMessage());
      return false;
    }
    if (record != null) {
      write(record, result, List.of(first, next));
    }
    List<String> disagreements = result.disagreements();
    double seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
    System.out.printf(
        Locale.ROOT,
        "%.1f s, %s: %s%n",
        seconds,
        result.observed().overall(),
        disagreements.isEmpty() ? "as preflight said" : String.join("; ", disagreements));
    if (disagreements.isEmpty()) {
      Run.delete(directory);
    } else {
      System.out.println("    what it said: " + directory);
    }
    return disagreements.isEmpty();
  }

  /** The result, and what the two kernels speak, so that both can be compared without them. */
  private void write(Path directory, JumpResult result, List<Kernel> kernels) throws Exception {
    Path jumps = Files.createDirectories(directory.resolve("jumps"));
    ObjectNode node = result.toJson(JSON);
    Files.writeString(
        jumps.resolve(result.jump().name() + ".json"), JSON.writeValueAsString(node) + "\n");
    Path profiles = Files.createDirectories(directory.resolve("kernels"));
    for (Kernel kernel : kernels) {
      Path profile = profiles.resolve(kernel.name().replace(Jump.FAMILY, "") + ".json");
      PreflightVerdict.saveProfile(lab, kernel.image(), profile);
    }
  }
}
