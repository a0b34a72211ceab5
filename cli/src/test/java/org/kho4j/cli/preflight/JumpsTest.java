package org.kho4j.cli.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.preflight.CommandLine;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.Profile;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.Verdict;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What preflight says of the lab's kernels that differ on purpose, by their profiles, against what
 * happened when {@code lab/run preflight --record} did the jumps; and the table in the docs.
 */
class JumpsTest {

  private static final Path RESOURCES =
      Path.of(System.getProperty("basedir", "."), "src/test/resources/org/kho4j/cli/preflight");
  private static final Path PAGE =
      Path.of(System.getProperty("basedir", "."), "..", "docs", "preflight-lab.md").normalize();

  /** A jump that was done. */
  record Jump(String name, JsonNode json) {

    String overall() {
      return json.get("observed").get("overall").asString();
    }

    Profile kernel(String side) throws IOException {
      return ProfileFile.read(
          RESOURCES.resolve("kernels").resolve(json.get(side).asString() + ".json"));
    }

    boolean usesEverything() {
      return json.get("use").asString().equals("everything");
    }

    @Override
    public String toString() {
      return name;
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
  void verdictIsWhatHappened(Jump jump) throws Exception {
    if (!jump.usesEverything()) {
      return;
    }
    Report report =
        Preflight.judge(
            jump.kernel("from"),
            Optional.empty(),
            jump.kernel("to"),
            Optional.of(new CommandLine("kho=on liveupdate=on reserve_mem=1M:65536:trace")));
    assertThat(agrees(report.verdict().label(), jump.overall()))
        .as("%s: %s, and in fact %s", jump, report, jump.overall())
        .isTrue();
    Map<String, String> parts = new TreeMap<>();
    report.components().forEach(one -> parts.put(one.name(), one.verdict().label()));
    jump.json()
        .get("observed")
        .get("parts")
        .properties()
        .forEach(part -> {
          String said = parts.get(part.getKey());
          String happened = part.getValue().asString();
          assertThat(Verdict.CORRUPT.label().equals(said) || happened.equals(said))
              .as("%s: %s is said to be %s, and was %s", jump, part.getKey(), said, happened)
              .isTrue();
        });
  }

  private static boolean agrees(String said, String happened) {
    return said.equals(happened)
        || (said.equals(Verdict.CORRUPT.label()) && !happened.equals(Verdict.OK.label()));
  }

  @Test
  void verdictOfTheMemoryAtTheJumpWasWhatHappened() throws Exception {
    for (Jump jump : jumps()) {
      JsonNode verdict =
          jump.json().has("capture") ? jump.json().get("capture") : jump.json().get("images");
      assertThat(agrees(verdict.get("overall").asString(), jump.overall()))
          .as("%s: %s, and in fact %s", jump, verdict, jump.overall())
          .isTrue();
    }
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
    StringBuilder page = new StringBuilder(HEAD);
    for (Jump jump : jumps()) {
      JsonNode json = jump.json();
      JsonNode verdict = json.has("capture") ? json.get("capture") : json.get("images");
      StringBuilder parts = new StringBuilder();
      json.get("observed")
          .get("parts")
          .properties()
          .forEach(part -> {
            if (!part.getValue().asString().equals("ok")) {
              parts
                  .append(parts.isEmpty() ? "" : ", ")
                  .append(part.getKey())
                  .append(' ')
                  .append(part.getValue().asString());
            }
          });
      page.append(
          "| %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  json.get("from").asString(),
                  json.get("to").asString(),
                  json.get("use").asString(),
                  verdict.get("overall").asString(),
                  jump.overall(),
                  parts));
    }
    return page.toString();
  }

  private static final String HEAD =
      """
      # Preflight's verdict, and what happened

      <!-- Generated from what lab/run preflight --record wrote; see JumpsTest -->

      Real kernels that differ on purpose (`lab/kernels/preflight`), each handed over to from Linux 7.3.4 and back, under QEMU: test data,
      a reservation, metadata, and two sessions with memfds in use, or as the third column says. The verdict is that on the memory at the
      jump with the first kernel's image, or on the two images where that memory cannot be read. `corrupt` is what may end in any way but
      well: parts of it may come through by luck.

      | from | to | in use | verdict | in fact | parts that were not ok |
      |---|---|---|---|---|---|
      """;
}
