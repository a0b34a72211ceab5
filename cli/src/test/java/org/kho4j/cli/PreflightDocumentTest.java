package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.BASE;
import static org.kho4j.cli.Preflights.TRACE;
import static org.kho4j.cli.Preflights.kernel;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.Subtree;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code kho preflight} of a document of {@code kho inspect} has the verdict of the image. */
class PreflightDocumentTest {

  @TempDir private Path directory;

  static Stream<Path> images() {
    return Stream.of(
            Captures.small().stream(),
            Captures.lab().stream(),
            Stream.of("linux-6.19-4k", "linux-7.0-4k", "luo-v2-4k", "luo-v4-4k", "kho-v2-4k")
                .map(name -> BASE.resolve("../vectors/handover/" + name + ".elf.zst")))
        .flatMap(images -> images)
        .map(Captures::unpacked);
  }

  @ParameterizedTest
  @MethodSource("images")
  void theVersionsAreThoseOfTheImage(Path image) throws Exception {
    String name = image.getFileName().toString();
    List<String> kernels =
        name.contains("arm64")
            ? List.of(name.contains("64k") ? "arm64-64k" : "arm64-16k")
            : List.of("7.1", "7.3", "memfd-v3", "memfd-off", "features", "composite");
    assertJudgedAs(image, kernels);
  }

  @ParameterizedTest
  @ValueSource(strings = {"luo-v6", "luo-v5;block-v1"})
  void aVersionThatWasNotDecodedIsThatOfTheImage(String version) throws Exception {
    assertJudgedAs(patched(version), List.of("7.3", "luo-v6", "composite"));
  }

  @Test
  void aNewerVersionOfLuoIsAPanic() throws Exception {
    JsonNode report = report(document(patched("luo-v6")), "7.3");
    assertThat(report.get("verdict").asString()).isEqualTo("panic");
  }

  /** Returns {@code jump-luo} with another version of LUO. */
  private Path patched(String version) throws Exception {
    Path capture = Captures.small("jump-luo");
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      Subtree luo =
          Handovers.find(memory).getFirst().subtrees(_ -> {}).stream()
              .filter(subtree -> subtree.name().equals("LUO"))
              .findFirst()
              .orElseThrow();
      return Captures.copyPatched(
          capture,
          directory.resolve("patched.ram"),
          Math.toIntExact(luo.address()),
          (version + '\0').getBytes(StandardCharsets.US_ASCII));
    }
  }

  private Path document(Path image) throws Exception {
    return Files.writeString(
        directory.resolve("document.json"), kho(0, "inspect", image, "--json").out());
  }

  private void assertJudgedAs(Path image, List<String> kernels) throws Exception {
    Path document = document(image);
    for (String to : kernels) {
      JsonNode expected = report(image, to);
      JsonNode report = report(document, to);
      assertThat(report.get("verdict")).as(to).isEqualTo(expected.get("verdict"));
      assertThat(components(report)).as(to).isEqualTo(components(expected));
    }
  }

  private static JsonNode report(Path from, String to) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    new Kho(pipe.console, "")
        .run(
            "preflight",
            "--json",
            "--from",
            from.toString(),
            "--to",
            kernel(to).toString(),
            "--cmdline",
            TRACE);
    return new ObjectMapper().readTree(pipe.out());
  }

  private static List<String> components(JsonNode report) {
    return report
        .get("components")
        .valueStream()
        .map(part -> part.get("name") + " " + part.get("from") + " " + part.get("verdict"))
        .toList();
  }
}
