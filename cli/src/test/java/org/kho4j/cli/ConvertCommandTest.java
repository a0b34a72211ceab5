package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

class ConvertCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Path VECTORS = Path.of("../vectors/handover");
  private static final Path LUO = Captures.small("jump-luo");
  private static final Path ARM64 = Captures.small("arm64-16k-jump-luo");

  private static final Map<Path, JsonNode> BEFORE = new HashMap<>();

  @TempDir private Path directory;

  static Stream<Arguments> capturesAndVersions() {
    return Stream.concat(
        Stream.of(
                "6.16",
                "6.17.9",
                "6.18",
                "6.19",
                "7.0",
                "kho-v2",
                "kho-v3@7.1-rc",
                "7.1",
                "luo-v2",
                "luo-v3",
                "luo-v4",
                "7.2",
                "7.3")
            .map(version -> Arguments.of(LUO, version)),
        Stream.of("6.16", "6.19", "kho-v2", "7.1").map(version -> Arguments.of(ARM64, version)));
  }

  /** What the version has a place for is what it was, at the addresses where it was. */
  @ParameterizedTest
  @MethodSource("capturesAndVersions")
  void aRealHandoverComesOver(Path capture, String version) throws IOException {
    Path ram = directory.resolve("ram");
    Run converted = convert(capture, version, ram);
    JsonNode before =
        BEFORE.computeIfAbsent(capture, source -> run("inspect", source, "--json").json());
    JsonNode after = inspect(converted).get("handovers").get(0);

    assertThat(after.get("errors")).isEmpty();
    assertThat(after.get("role").asString()).isEqualTo("outgoing");
    assertThat(converted.json().at("/to/kho").asString())
        .startsWith(after.get("compatible").asString());
    JsonNode expected = facts(before.get("handovers").get(0));
    for (JsonNode left : converted.json().get("leftOut")) {
      leaveOut((ObjectNode) expected, left.get("path").asString());
    }
    assertThat(facts(after)).isEqualTo(expected);
    assertThat(converted.status()).isEqualTo(converted.json().get("leftOut").isEmpty() ? 0 : 1);
  }

  private static void leaveOut(ObjectNode facts, String path) {
    String name = path.substring(1);
    if (facts.has(name)) {
      facts.remove(name);
    } else if (path.endsWith("/seals")) {
      facts.findParents("seals").forEach(file -> ((ObjectNode) file).put("seals", 0));
    } else {
      assertThat(path).startsWith("/LUO/flbs/flb ");
      ((ObjectNode) facts.at("/LUO/luo")).putArray("flbs");
    }
  }

  static List<Path> vectors() {
    try (Stream<Path> files = Files.list(VECTORS)) {
      return files.filter(file -> file.toString().endsWith(".elf.zst")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From every version with every page size to the newest one, and back. */
  @ParameterizedTest
  @MethodSource("vectors")
  void comesBackTheSame(Path vector) throws IOException {
    JsonNode told = MAPPER.readTree(Files.readString(factsOf(vector)));
    String pageSize = told.get("pageSize").asInt() / 1024 + "K";
    String kho = told.get("layouts").get(0).asString();
    String luo = told.get("layouts").path(1).asString("");
    String original = luo.isEmpty() || !isUnreleased(luo) ? name(kho, luo) : luo;
    Path there = directory.resolve("there");
    Path back = directory.resolve("back");

    Run first = convert(vector, "7.3", there, "--page-size", pageSize, "--map-form", form(kho));
    Run second = convert(there, original, back, first.with("--page-size", pageSize));

    assertThat(first.json().get("leftOut")).isEmpty();
    assertThat(second.json().get("leftOut")).isEmpty();
    assertThat(second.json().at("/to/kho").asString()).isEqualTo(kho);
    assertThat(second.json().at("/to/luo").asString("")).isEqualTo(luo);
    JsonNode after =
        run(
                "inspect",
                back,
                second.with("--json", "--page-size", pageSize, "--map-form", form(kho)))
            .json();
    assertThat(facts(after.get("handovers").get(0))).isEqualTo(facts(told.get("handover")));
    for (JsonNode content : told.path("contents")) {
      Run extracted =
          run(
              "extract",
              back,
              second.with(
                  "--page-size",
                  pageSize,
                  "--json",
                  "--sha256",
                  "--session",
                  content.get("session").asString(),
                  "--token",
                  content.get("token").asString(),
                  "--force",
                  "-o",
                  directory.resolve("content").toString()));
      assertThat(extracted.json().findValue("sha256")).isEqualTo(content.get("sha256"));
    }
  }

  private static boolean isUnreleased(String luo) {
    return List.of("luo-v2", "luo-v3", "luo-v4").contains(luo);
  }

  /** The name of what wrote both. */
  private static String name(String kho, String luo) {
    return kho.equals("kho-v1@6.18") && luo.isEmpty()
        ? "6.18"
        : luo.equals("luo-v1@6.19") ? "6.19" : kho;
  }

  private static String form(String kho) {
    return switch (kho) {
      case "kho-v1@6.16" -> "bitmaps-512";
      case "kho-v1@6.17.9", "kho-v1@6.18" -> "bitmaps-page";
      case "kho-v2", "kho-v3@7.1-rc" -> "radix-short";
      default -> "radix";
    };
  }

  private static Path factsOf(Path vector) {
    return vector.resolveSibling(vector.getFileName().toString().replace(".elf.zst", ".json"));
  }

  /** QEMU puts kernel, initrd and device tree there; nothing was preserved there either. */
  @Test
  void nothingIsWrittenWhereAnArm64KernelIsLoaded() throws IOException {
    Path spec = directory.resolve("spec.jsonc");
    Files.writeString(
        spec,
        """
        {
          "arch": "arm64",
          "pageSize": "64K",
          "memory": { "address": "0x40000000", "size": "2G" },
          "scratch": [{ "address": "0x60000000", "size": "512M" }],
          "subtrees": [{ "khoTest": { "folios": [0, 5], "seed": 64 } }]
        }
        """);
    Path source = directory.resolve("source");
    assertThat(run("author", spec, "-o", source.toString()).status()).isZero();
    Path ram = directory.resolve("ram");

    Run converted = convert(source, "7.1", ram, "--base", "0x40000000", "--page-size", "64K");

    long[] first = {Long.MAX_VALUE};
    OpenOptions options = new OpenOptions(MemorySource.Kind.RAW, 0x40000000);
    try (PhysicalMemory memory = MemoryImages.open(ram, options)) {
      memory.forEachDataRange((address, length) -> first[0] = Math.min(first[0], address));
    }
    assertThat(first[0]).isBetween(0x50000000L, 0xbfffffffL);
    assertThat(converted.json().at("/scratch/regions/0/address").asString())
        .isEqualTo("0x60000000");
  }

  @Test
  void aBlobThatBeginsAsADeviceTreeIsNone() throws IOException {
    Path spec = directory.resolve("spec.jsonc");
    Files.writeString(
        spec,
        """
        {
          "arch": "x86-64",
          "memory": { "address": 0, "size": "128M" },
          "scratch": [{ "address": "32M", "size": "16M" }],
          "subtrees": [{ "name": "client", "blob": { "hex": "d00dfeed00000028" } }]
        }
        """);
    Path source = directory.resolve("source");
    assertThat(run("author", spec, "-o", source.toString()).status()).isZero();

    Run converted = convert(source, "kho-v1", directory.resolve("ram"));

    assertThat(converted.status()).as(converted.err()).isEqualTo(1);
    assertThat(converted.err())
        .contains("left out: /client: is not a device tree, and kho-v1@6.18 has no other blobs");
  }

  @Test
  void whatDoesNotFitIsNamed() throws IOException {
    Path many = Captures.SMALL.resolve("lab/x86_64-7.3-many-sessions.elf.zst");
    Run run = convert(many, "7.1", directory.resolve("ram"));

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.json().get("leftOut")).hasSize(2000 - 819 + 3);
    assertThat(run.json().at("/leftOut/0/path").asString()).isEqualTo("/LUO/session \"s00819\"");
    assertThat(run.json().at("/leftOut/0/reason").asString())
        .isEqualTo("luo-v1@7.0 has room for 819 sessions");
    JsonNode after = inspect(run).get("handovers").get(0);
    assertThat(after.at("/subtrees").findValue("sessions")).hasSize(819);
    assertThat(run.json().at("/leftOut/1183/reason").asString())
        .isEqualTo(
            "1181 of the 2000 references to liveupdate-test-flb-v2: so many files are left out");
    assertThat(run("verify", directory.resolve("ram"), run.with("--json")).json().get("findings"))
        .noneMatch(finding -> finding.get("id").asString().matches("(OWN|FLB)-.*"));
  }

  /** Linux 6.19 writes luo-v1 without a node of FLBs. */
  @Test
  void aHandoverOf619HasNoWarning() throws IOException {
    Run converted = convert(LUO, "6.19", directory.resolve("ram"));

    Run verified =
        run("verify", directory.resolve("ram"), converted.with("--json", "--severity", "warning"));

    assertThat(verified.json().get("findings")).isEmpty();
  }

  @Test
  void whatIsLeftOutIsToldInWords() throws IOException {
    Run run = run("convert", LUO, "--abi", "6.18", "-o", directory.resolve("ram").toString());

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("kho: left out: /LUO: kho-v1@6.18 has no LUO")
        .contains("kho: left out: /kexec-metadata: kho-v1@6.18 has none");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--abi 5.4 | '5.4' is neither a release from 6.16 to 7.3 nor one of [kho-v1@6.16, ",
        "--abi kho-v9 | 'kho-v9' is neither a release",
        "--abi 7.1 --scratch 4096 | '4096' is not ADDR:SIZE",
        "--abi 7.1 --scratch 0x400000:4M | scratch region 0x400000-0x7fffff overlaps 0x",
        "--abi 7.1 --scratch 1M:4M | scratch region 0x100000-0x4fffff overlaps 0x0-0xffffff, which firmware",
        "--abi 7.1 --scratch 0x18000000:4K | has 4096 bytes: a kernel needs regions",
        "--abi 7.1 --scratch 0x18000000:0 | scratch region at 0x18000000 has 0 bytes: a kernel needs regions",
        "--abi 7.1 --scratch 0:0 | scratch region at 0x0 has 0 bytes: a kernel needs regions",
        "--abi 7.1 --scratch 0x18000800:64M | 0x18000800-0x1c0007ff is not whole pages of 4K",
        "--abi 7.1 --scratch 1G:4M | is not in memory; memory is 0x0-0x1fffffff",
        "--abi 7.1 --dtb-out tree | --dtb-out is for arm64, and the source is for x86-64",
        "--abi 7.1 --boot-image kernel | --boot-image needs --boot-image-out",
      })
  void aWrongOptionIsRefused(String options, String sentence) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(options.split(" ")));
    arguments.addAll(List.of("-o", directory.resolve("ram").toString()));

    Run run = run("convert", LUO, arguments.toArray(String[]::new));

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(sentence);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aFileThatIsThereIsNotReplaced() throws IOException {
    Path ram = Files.writeString(directory.resolve("ram"), "mine");

    Run run = run("convert", LUO, "--abi", "7.1", "-o", ram.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--force");
    assertThat(ram).hasContent("mine");
  }

  @Test
  void aConsumedMapIsRefused() {
    Run run =
        run(
            "convert",
            Captures.small("gen2-running"),
            "--role",
            "incoming",
            "--abi",
            "7.1",
            "-o",
            directory.resolve("ram").toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains("the map of the handover at 0x4f0000 is consumed, so preserved memory");
    assertThat(directory).isEmptyDirectory();
  }

  /** What does not depend on where a version writes its structures. */
  private static JsonNode facts(JsonNode handover) {
    ObjectNode facts = MAPPER.createObjectNode();
    for (JsonNode subtree : handover.get("subtrees")) {
      ObjectNode copy = facts.putObject(subtree.get("name").asString());
      subtree.properties().stream()
          .filter(field -> !List.of("name", "data", "size").contains(field.getKey()))
          .forEach(field -> copy.set(field.getKey(), field.getValue()));
    }
    for (JsonNode luo : facts.findParents("liveupdateNumber")) {
      ((ObjectNode) luo).remove("compatible");
      if (!luo.has("flbs")) {
        ((ObjectNode) luo).putArray("flbs");
      }
    }
    facts.findParents("memfd").forEach(file -> ((ObjectNode) file).remove("compatible"));
    facts.findParents("position").stream()
        .filter(memfd -> !memfd.has("seals"))
        .forEach(memfd -> ((ObjectNode) memfd).put("seals", 0));
    return facts.deepCopy();
  }

  private record Run(int status, String out, String err) {

    JsonNode json() {
      return MAPPER.readTree(out);
    }

    /** Options for the handover that was written, and more: nothing has to be searched for. */
    String[] with(String... more) {
      List<String> options = new ArrayList<>(List.of(more));
      options.addAll(List.of("--base", json().at("/ram/base").asString()));
      options.addAll(List.of("--fdt", json().get("fdt").asString()));
      return options.toArray(String[]::new);
    }
  }

  private static Run run(String command, Path source, String... more) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    List<String> arguments = new ArrayList<>(List.of(command, source.toString()));
    arguments.addAll(List.of(more));
    int status = new Kho(pipe.console, "").run(arguments.toArray(String[]::new));
    return new Run(status, pipe.out(), pipe.err());
  }

  private static Run convert(Path source, String version, Path ram, String... more) {
    List<String> arguments = new ArrayList<>(List.of(more));
    arguments.addAll(List.of("--abi", version, "-o", ram.toString(), "--json"));
    Run run = run("convert", source, arguments.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isLessThan(2);
    return run;
  }

  private static JsonNode inspect(Run converted) {
    Path ram = Path.of(converted.json().at("/ram/path").asString());
    return run("inspect", ram, converted.with("--json")).json();
  }
}
