package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.ALL_ON;
import static org.kho4j.cli.Preflights.SMALL;
import static org.kho4j.cli.Preflights.TRACE;
import static org.kho4j.cli.Preflights.component;
import static org.kho4j.cli.Preflights.json;
import static org.kho4j.cli.Preflights.kernel;
import static org.kho4j.cli.Preflights.names;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.cli.captures.Captures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Profiles here are those of real kernels, which the lab built to differ. */
class PreflightCommandTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "7.3, 0, ok",
    "7.2, 0, ok",
    "metadata-grown, 1, degraded",
    "kho-v5, 1, lost",
    "kho-off, 1, lost",
    "memfd-v3, 1, unreachable",
    "vmalloc-swapped, 1, corrupt",
    "luo-v6, 1, panic",
  })
  void onlyOkEndsWithZero(String to, int exit, String verdict) {
    JsonNode report = json(exit, "--from", kernel("7.3"), "--to", kernel(to), "--cmdline", ALL_ON);
    assertThat(report.get("verdict").asString()).isEqualTo(verdict);
    assertThat(
            kho(exit, "preflight", "--from", kernel("7.3"), "--to", kernel(to), "--cmdline", ALL_ON)
                .out())
        .startsWith(verdict + ": " + kernel("7.3") + " (7.3.4) to " + kernel(to));
  }

  @Test
  void withoutStringsEveryPartIsUnknown() throws Exception {
    ObjectNode silent = (ObjectNode) new ObjectMapper().readTree(kernel("7.3"));
    for (JsonNode part : silent.get("parts")) {
      ((ObjectNode) part)
          .put("state", "unknown")
          .put("evidence", "no strings")
          .putArray("versions");
    }
    Path to = Files.writeString(directory.resolve("silent.json"), silent.toString());
    JsonNode report = json(1, "--from", kernel("7.3"), "--to", to);
    assertThat(report.get("verdict").asString()).isEqualTo("unknown");
    assertThat(component(report, "kho").get("because").asString())
        .isEqualTo("the version of the next kernel is unknown (no strings)");
    assertThat(report.get("unknown").asInt()).isEqualTo(report.get("components").size());
  }

  @Test
  void jsonIsAsTheInterfaceHasIt() {
    JsonNode report =
        json(1, "--from", kernel("7.3"), "--to", kernel("vmalloc-swapped"), "--cmdline", ALL_ON);
    assertThat(report.get("schema").asString()).isEqualTo("kho4j/preflight/1");
    assertThat(names(report))
        .containsExactly(
            "components", "findings", "from", "notes", "schema", "to", "unknown", "verdict");
    assertThat(report.get("unknown").asInt()).isZero();
    assertThat(report.at("/from/architecture").asString()).isEqualTo("x86-64");
    assertThat(names(report.get("from"))).contains("source", "release", "parts");
    JsonNode kho = component(report, "kho");
    assertThat(names(kho)).containsExactly("because", "from", "name", "to", "verdict");
    assertThat(kho.get("from").asString()).isEqualTo("kho-v4");
    assertThat(kho.get("to").asString()).isEqualTo("kho-v4");
    assertThat(kho.get("verdict").asString()).isEqualTo("ok");
    assertThat(component(report, "memfd").get("verdict").asString()).isEqualTo("corrupt");
    assertThat(report.get("findings")).hasSize(2);
  }

  @Test
  void aVersionThatIsNotThereIsAbsentNotNull() {
    JsonNode report =
        json(1, "--from", kernel("7.3"), "--to", kernel("kho-off"), "--cmdline", ALL_ON);
    assertThat(component(report, "kho").has("to")).isFalse();
    assertThat(component(report, "kho").get("from").asString()).isEqualTo("kho-v4");
  }

  @Test
  void ofMemoryOnlyWhatIsInItCounts() {
    JsonNode report =
        json(0, "--from", Captures.EXAMPLE, "--to", kernel("memfd-v3"), "--cmdline", TRACE);
    assertThat(report.get("components").valueStream().map(one -> one.get("name").asString()))
        .containsExactly("kho", "kexec-metadata", "memblock", "kho_test");
    assertThat(report.get("from").get("release").asString()).isEqualTo("7.3.4");
  }

  @Test
  void theKernelThatWroteMemoryBringsItsOwnLayouts() {
    JsonNode report =
        json(
            1,
            "--from",
            Captures.EXAMPLE,
            "--from-kernel",
            kernel("vmalloc-swapped"),
            "--to",
            kernel("7.3"),
            "--cmdline",
            TRACE);
    assertThat(component(report, "kho_test").get("verdict").asString()).isEqualTo("corrupt");
    assertThat(report.get("components")).hasSize(4);
  }

  @ParameterizedTest
  @CsvSource({
    "'', unknown",
    "kho=on, lost",
    "kho=on reserve_mem=1M:64K:trace, ok",
    "kho=on reserve_mem=2M:64K:trace, lost",
    "kho=off reserve_mem=1M:64K:trace, lost",
  })
  void theNextCommandLineCounts(String line, String verdict) {
    JsonNode report =
        line.isEmpty()
            ? json(1, "--from", Captures.EXAMPLE, "--to", kernel("7.3"))
            : json(
                verdict.equals("ok") ? 0 : 1,
                "--from",
                Captures.EXAMPLE,
                "--to",
                kernel("7.3"),
                "--cmdline",
                line);
    assertThat(report.get("verdict").asString()).isEqualTo(verdict);
  }

  @Test
  void theHeadlineCountsWhatIsUnknown() {
    ConsoleOfATest text =
        kho(1, "preflight", "--from", Captures.EXAMPLE, "--to", kernel("kho-test-v2"));
    assertThat(text.out())
        .startsWith("lost; 1 part is unknown: " + Captures.EXAMPLE + " (7.3.4) to ");
  }

  @Test
  void wrongUseIsSaid() {
    Path k = kernel("7.3");
    assertThat(kho(2, "preflight").err()).contains("preflight needs --from and --to");
    assertThat(kho(2, "preflight", "--from", k, "--from-kernel", k, "--to", k).err())
        .contains("--from-kernel needs a memory image");
    assertThat(kho(2, "preflight", "--from", k, "--to", k, "--reuse-cmdline").err())
        .contains("--reuse-cmdline needs --from running");
    assertThat(
            kho(2, "preflight", "--from", k, "--to", k, "--reuse-cmdline", "--cmdline", "x").err())
        .contains("exclude each other");
    assertThat(kho(2, "preflight", "--from", k, "--to", k, "--save-profile", "x").err())
        .contains("--save-profile needs one kernel");
    assertThat(kho(2, "preflight", "--from", k, "--to", k, "--setup-data", "0x1000").err())
        .contains("--setup-data and --scratch-array need a memory image");
  }

  @Test
  void theNextKernelsOwnCommandLineIsShown() throws Exception {
    Path to = Files.copy(SMALL.resolve("small.elf"), directory.resolve("to"));
    Files.writeString(
        directory.resolve("config-7.3.4-test"),
        "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"kho=off\"\nCONFIG_CMDLINE_OVERRIDE=y\n");
    String text = " ignores the given command line, and uses its own (CONFIG_CMDLINE): \"kho=off\"";

    JsonNode report =
        json(1, "--from", SMALL.resolve("small.elf"), "--to", to, "--cmdline", ALL_ON);
    assertThat(component(report, "luo").get("because").asString()).contains("with kho=off");
    assertThat(report.get("notes").valueStream().map(JsonNode::asString)).contains(to + text);
    assertThat(kho(1, "preflight", "--to", to).out()).contains("\nIt" + text + ".\n");
  }

  @Test
  void kexecDoesNotGoFromOneArchitectureToAnother() throws Exception {
    Path arm64 = directory.resolve("arm64.json");
    Files.writeString(arm64, Files.readString(kernel("7.3")).replaceFirst("x86.64", "arm64"));
    assertThat(kho(2, "preflight", "--from", kernel("7.3"), "--to", arm64).err())
        .contains(arm64.toString(), "kexec cannot change the architecture");
  }

  @Test
  void aVmlinuxOfAnotherMachineIsOfAnotherArchitecture() throws Exception {
    Path image = SMALL.resolve("small.elf");
    byte[] elf = Files.readAllBytes(image);
    elf[18] = (byte) 243;
    Path riscv = Files.write(directory.resolve("riscv"), elf);
    String sentence =
        "%s is for x86-64, but %s is for riscv64: kexec cannot change the architecture"
            .formatted(image, riscv);
    assertThat(kho(2, "preflight", "--from", image, "--to", riscv).err()).contains(sentence);
    assertThat(kho(0, "abi", "diff", image, riscv).out()).startsWith("note: " + sentence);
    assertThat(kho(1, "preflight", "--to", riscv).out())
        .startsWith(riscv + ", ")
        .contains("riscv64");
  }

  @Test
  void aProfileGoesToStdoutWhenAsked() {
    Path image = SMALL.resolve("small.elf");
    assertThat(kho(0, "preflight", "--to", image, "--save-profile", "-").out())
        .isEqualTo(kho(1, "preflight", "--to", image, "--json").out());
  }

  @Test
  void aProfileStandsForItsKernel() {
    Path image = SMALL.resolve("small.elf");
    Path profile = directory.resolve("small.json");
    kho(0, "preflight", "--to", image, "--save-profile", profile);
    JsonNode ofImage = json(1, "--from", kernel("7.3"), "--to", image, "--cmdline", ALL_ON);
    JsonNode ofProfile = json(1, "--from", kernel("7.3"), "--to", profile, "--cmdline", ALL_ON);
    assertThat(ofProfile.get("components")).isEqualTo(ofImage.get("components"));
    assertThat(ofProfile.get("verdict")).isEqualTo(ofImage.get("verdict"));
  }
}
