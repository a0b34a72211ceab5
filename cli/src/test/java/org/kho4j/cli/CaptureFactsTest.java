package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.cli.captures.Facts;
import org.kho4j.cli.captures.InspectShape;
import org.kho4j.cli.captures.MemfdContent;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code kho inspect --json} of real kernels' memory, against what another decoder found in it. */
class CaptureFactsTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  static List<Path> small() {
    return Captures.small();
  }

  static List<Path> shared() {
    return Captures.shared();
  }

  @ParameterizedTest
  @MethodSource("small")
  void findsTheFactsOfASmallCapture(Path capture) throws IOException {
    compare(capture, Captures.facts(capture));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("shared")
  void findsTheFactsOfAWholeGuest(Path capture) throws IOException {
    compare(capture, Captures.facts(capture));
  }

  @Test
  void thereIsASmallCaptureForEveryFile() {
    assertThat(small()).hasSize(6);
    assertThat(shared()).allSatisfy(path -> assertThat(Captures.facts(path)).exists());
  }

  private static void compare(Path capture, Path facts) throws IOException {
    JsonNode theirs = MAPPER.readTree(Files.readString(facts));
    ConsoleOfATest pipe = ConsoleOfATest.pipe();

    assertThat(new Kho(pipe.console, "").run("inspect", "--json", capture.toString()))
        .as(pipe.err())
        .isZero();

    JsonNode ours = MAPPER.readTree(pipe.out());
    assertThat(ours.path("source").path("path").asString()).isEqualTo(capture.toString());
    InspectShape.check(ours);
    Facts.compare(ours, theirs);
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      assertThat(MemfdContent.compare(memory, theirs))
          .isEqualTo(theirs.findValues("sha256").size());
    }
  }

  /** Debian's package has no snappy, and no zstd in Debian 12. */
  @ParameterizedTest
  @ValueSource(strings = {"-c", "-l", "-p", "-z", "-F -l"})
  void makedumpfilesDumpsHaveTheSameFacts(String form, @TempDir Path directory)
      throws IOException, InterruptedException {
    Path guest =
        shared().stream()
            .filter(path -> path.endsWith("linux-7.3.4-jump-kho-test.full.elf.zst"))
            .findFirst()
            .orElse(null);
    assumeThat(guest).as("the whole guest").isNotNull();
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(guest)) {
      List<CoreFile.Run> runs = new ArrayList<>();
      memory.forEachRange((address, length) -> runs.add(new CoreFile.Run(address, length)));
      CoreFile.write(core, memory, runs, CoreFile.registers());
    }
    Path dump = directory.resolve("dump");
    boolean flat = form.startsWith("-F");
    List<String> command = new ArrayList<>(List.of("makedumpfile", "-d", "0"));
    command.addAll(List.of(form.split(" ")));
    command.add(core.toString());
    if (!flat) {
      command.add(dump.toString());
    }
    Path log = directory.resolve("log");
    ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(!flat);
    process.redirectOutput(flat ? dump.toFile() : log.toFile());
    if (flat) {
      process.redirectError(log.toFile());
    }
    assumeThat(run(process)).as("makedumpfile is there and works: %s", log).isZero();
    // It compresses in another form then, and says so.
    assumeThat(Files.readString(log)).doesNotContain("option is disabled");

    compare(dump, Captures.facts(guest));
  }

  private static int run(ProcessBuilder process) throws InterruptedException {
    try {
      Process running = process.start();
      assertThat(running.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return running.exitValue();
    } catch (IOException e) {
      return -1;
    }
  }
}
