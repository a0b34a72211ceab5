package org.kho4j.cli.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.profile.Profile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What preflight says of the lab's kernels that differ on purpose, by their profiles, against what
 * happened when {@code lab/run preflight --record} did the jumps, part by part; and the table in
 * the docs.
 */
class JumpsTest {

  private static final Path RESOURCES =
      Path.of(System.getProperty("basedir", "."), "src/test/resources/org/kho4j/cli/preflight");
  private static final Path PAGE =
      Path.of(System.getProperty("basedir", "."), "..", "docs", "preflight-lab.md").normalize();

  private static final String OVERALL = "overall";
  private static final String OK = "ok";
  private static final String CORRUPT = "corrupt";
  private static final String UNKNOWN = "unknown";

  /** What every jump reserves; where it lay was not recorded, and decides nothing here. */
  private static final ReserveMem RESERVATION = new ReserveMem("trace", 0x1000000, 0x100000);

  private static final List<Known> KNOWN =
      List.of(
          new Known(
              Set.of("7.3-to-metadata-2", "metadata-2-to-7.3"),
              Set.of("overall: ok, in fact degraded", "kexec-metadata: ok, in fact degraded"),
              "The version of kexec-metadata is a number in the kernel's code, which preflight did not read then."
                  + " The profiles of the jumps have it from another source, because the images were not built again:"
                  + " 24 from the recorded jumps, 8 because their source is that of the kernel 7.3. The evidence in each"
                  + " profile tells which."));

  /** A wrong prediction at the time of the jumps. Today's verdict has to be right about each. */
  record Known(Set<String> jumps, Set<String> differences, String reason) {}

  /** A jump that was done. */
  record Jump(String name, JsonNode json) {

    String text(String field) {
      return json.get(field).asString();
    }

    Profile kernel(String side) throws IOException {
      return ProfileFile.read(RESOURCES.resolve("kernels").resolve(text(side) + ".json")).profile();
    }

    /** Verdicts by the names of parts, and the worst of them as {@code overall}. */
    Map<String, String> observed() {
      return verdicts(json.get("observed"));
    }

    /**
     * What was said then: of the memory at the jump, or of the images where that cannot be read, or
     * not all of it.
     */
    Map<String, String> said() {
      return verdicts(json.get(tellsAll() ? "capture" : "images"));
    }

    private boolean tellsAll() {
      return json.has("capture")
          && verdicts(json.get("capture")).keySet().containsAll(observed().keySet());
    }

    private static Map<String, String> verdicts(JsonNode node) {
      Map<String, String> verdicts = new TreeMap<>();
      verdicts.put(OVERALL, node.get(OVERALL).asString());
      node.get("parts")
          .properties()
          .forEach(part -> verdicts.put(part.getKey(), part.getValue().asString()));
      return verdicts;
    }

    /** What is said now. */
    Map<String, String> judged() throws IOException {
      Report report =
          Preflight.judge(
              kernel("from"),
              content(),
              kernel("to"),
              Optional.of(new CommandLine(text("cmdline"))));
      Map<String, String> verdicts = new TreeMap<>();
      verdicts.put(OVERALL, report.verdict().label());
      report.components().forEach(one -> verdicts.put(one.name(), one.verdict().label()));
      return verdicts;
    }

    private Optional<HandoverContent> content() {
      if (!tellsAll()) {
        return Optional.empty();
      }
      Set<String> parts = new TreeSet<>(said().keySet());
      parts.remove(OVERALL);
      List<ReserveMem> reservations = parts.contains("memblock") ? List.of(RESERVATION) : List.of();
      return Optional.of(
          new HandoverContent(
              parts,
              Set.of(),
              Set.of(),
              Set.of(),
              reservations,
              List.of(),
              Optional.empty(),
              Optional.empty()));
    }

    /** Where something else happened than was said. */
    List<Difference> differences(Map<String, String> said) {
      List<Difference> differences = new ArrayList<>();
      observed()
          .forEach((part, happened) -> {
            String before = said.getOrDefault(part, "nothing");
            if (!before.equals(happened)) {
              differences.add(new Difference(part, before, happened));
            }
          });
      return differences;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * Something else happened than was said.
   *
   * @param part or {@code overall}
   */
  record Difference(String part, String said, String happened) {

    /**
     * Bytes that are read as something else end in any way, and what cannot be told as well; but
     * the handover as a whole does not come through by luck.
     */
    boolean isFair() {
      boolean open = said.equals(CORRUPT) || said.equals(UNKNOWN);
      return open && !(part.equals(OVERALL) && happened.equals(OK));
    }

    @Override
    public String toString() {
      return "%s: %s, in fact %s".formatted(part, said, happened);
    }
  }

  static List<Jump> jumps() throws IOException {
    List<Jump> jumps = new ArrayList<>();
    try (Stream<Path> files = Files.list(RESOURCES.resolve("jumps"))) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".json", "");
        jumps.add(new Jump(name, new JsonMapper().readTree(file)));
      }
    }
    return jumps;
  }

  @ParameterizedTest
  @MethodSource("jumps")
  void everyPartEndsAsIsSaid(Jump jump) throws Exception {
    assertThat(unfair(jump, jump.judged())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("jumps")
  void everyPartEndedAsWasSaidAtTheJump(Jump jump) {
    assertThat(unfair(jump, jump.said())).isEqualTo(known(jump));
  }

  private static Set<String> unfair(Jump jump, Map<String, String> said) {
    return jump.differences(said).stream()
        .filter(Predicate.not(Difference::isFair))
        .map(Difference::toString)
        .collect(Collectors.toSet());
  }

  private static Set<String> known(Jump jump) {
    return KNOWN.stream()
        .filter(known -> known.jumps().contains(jump.name()))
        .flatMap(known -> known.differences().stream())
        .collect(Collectors.toSet());
  }

  @Test
  void whatIsKnownToBeWrongWasDone() throws Exception {
    Set<String> known = new TreeSet<>();
    KNOWN.forEach(one -> known.addAll(one.jumps()));
    assertThat(jumps()).extracting(Jump::name).containsAll(known);
  }

  @Test
  void committedPageIsWhatTheJumpsSay() throws Exception {
    String page = page();
    if (Boolean.getBoolean("kho.preflight.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE))
        .as("write it again with -Dtest=JumpsTest -Dkho.preflight.write=true")
        .isEqualTo(page);
  }

  private static String page() throws IOException {
    StringBuilder rows = new StringBuilder();
    Counts overall = new Counts();
    Counts parts = new Counts();
    for (Jump jump : jumps()) {
      Map<String, String> said = jump.judged();
      List<String> cells = new ArrayList<>();
      jump.observed()
          .forEach((part, happened) -> {
            String before = said.getOrDefault(part, "nothing");
            (part.equals(OVERALL) ? overall : parts).add(before, happened);
            if (!part.equals(OVERALL) && !(before.equals(OK) && happened.equals(OK))) {
              cells.add(
                  part + " " + (before.equals(happened) ? happened : before + " → " + happened));
            }
          });
      rows.append(
          "| %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  jump.text("from"),
                  jump.text("to"),
                  jump.text("use"),
                  said.get(OVERALL),
                  jump.observed().get(OVERALL),
                  String.join(", ", cells)));
    }
    String known =
        KNOWN.stream()
            .map(one ->
                "- %s: %s. %s"
                    .formatted(
                        one.jumps().stream().sorted().collect(Collectors.joining(", ")),
                        one.differences().stream().sorted().collect(Collectors.joining("; ")),
                        one.reason())
                    .replaceAll("(.{1,98})(?: |$)", "$1\n  ")
                    .stripTrailing())
            .collect(Collectors.joining("\n", "", "\n"));
    return HEAD
        + overall.sentence("Jumps", "the overall verdict")
        + parts.sentence("Parts", "the verdict of the part")
        + KNOWN_HEAD
        + known
        + ROWS_HEAD
        + rows;
  }

  /** How often what was said was what happened, and what happened where it was not. */
  private static final class Counts {

    private int all;
    private final Map<String, Map<String, Integer>> others = new TreeMap<>();

    void add(String said, String happened) {
      all++;
      if (!said.equals(happened)) {
        others.computeIfAbsent(said, _ -> new TreeMap<>()).merge(happened, 1, Integer::sum);
      }
    }

    String sentence(String what, String verdict) {
      StringBuilder lines = new StringBuilder();
      int different = 0;
      for (var said : others.entrySet()) {
        int sum = said.getValue().values().stream().mapToInt(Integer::intValue).sum();
        different += sum;
        lines.append(
            "  - `%s` %d times; the outcome was %s\n"
                .formatted(
                    said.getKey(),
                    sum,
                    said.getValue().entrySet().stream()
                        .map(each -> "`%s` %d".formatted(each.getKey(), each.getValue()))
                        .collect(Collectors.joining(", "))));
      }
      return "- %s: %d. In %d, %s equals the outcome; in %d it differs:\n%s"
          .formatted(what, all, all - different, verdict, different, lines);
    }
  }

  private static final String HEAD =
      """
      # Preflight's verdict, and what happened

      <!-- Generated from what lab/run preflight --record wrote; see JumpsTest -->

      Real kernels that differ deliberately (`lab/kernels/preflight`) jump under QEMU: Linux 7.3.4 to
      each of them and back, and arm64 kernels of every page size to each other. Test data, a
      reservation, metadata, and two sessions with memfds are in use, unless the third column differs.
      `kho preflight` compares the two images. If it can read the first kernel's memory at the jump,
      only the parts in use there affect the verdict.

      `corrupt` means that the next kernel misreads bytes, with any result: a part may arrive intact by
      chance, and the jump may have any outcome but `ok`. Every other verdict must equal the outcome,
      for each part whose outcome the logs show. Two outcomes are not verdicts: after an `oops`, the
      kernel has killed the process that asked for the part, and continues; after a `hang`, the kernel
      logs nothing more.

      """;

  private static final String KNOWN_HEAD =
      """

      Preflight made these errors at the time of the jumps; the table has the current verdicts:

      """;

  private static final String ROWS_HEAD =
      """

      The last column lists the parts whose verdict or outcome is not `ok`: `memfd corrupt → ok` was
      predicted as corrupt, and arrived intact.

      | from | to | in use | verdict | outcome | parts |
      |---|---|---|---|---|---|
      """;
}
