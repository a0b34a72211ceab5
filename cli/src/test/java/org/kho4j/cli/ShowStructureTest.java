package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ShowStructureTest {

  private static final String CAPTURE = Captures.small("jump-luo").toString();

  /** Paths of a capture that are shown; each is a walk. */
  private static final int MOST_PATHS = 12;

  private final ConsoleOfATest pipe = ConsoleOfATest.pipe();

  private int show(String... arguments) {
    List<String> line = new ArrayList<>(List.of("show"));
    line.addAll(List.of(arguments));
    return new Kho(pipe.console, "").run(line.toArray(String[]::new));
  }

  private static JsonNode json(String... arguments) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    List<String> line = new ArrayList<>(List.of("show", "--json"));
    line.addAll(List.of(arguments));
    assertThat(new Kho(pipe.console, "").run(line.toArray(String[]::new))).as(pipe.err()).isZero();
    return new ObjectMapper().readTree(pipe.out());
  }

  static Stream<Path> captures() {
    return Stream.of(Captures.small(), Captures.lab(), Captures.vectors()).flatMap(List::stream);
  }

  @ParameterizedTest
  @MethodSource("captures")
  void showsEveryPathThatItLists(Path packed) {
    Path capture = Captures.unpacked(packed);
    List<String> paths = new ArrayList<>();
    for (JsonNode structure : json(capture.toString()).path("structures")) {
      assertThat(structure.path("structure").asString()).isNotEmpty();
      paths.add(structure.path("path").asString());
    }
    assertThat(paths).contains("/").hasSizeGreaterThan(3);
    int step = Math.max(1, paths.size() / MOST_PATHS);
    for (int i = 0; i < paths.size(); i += step) {
      JsonNode shown = json(capture.toString(), paths.get(i)).path("structures");
      assertThat(shown).as(paths.get(i)).isNotEmpty();
      for (JsonNode structure : shown) {
        assertThat(structure.path("path").asString()).isEqualTo(paths.get(i));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0x778050 /LUO", "0xzz", "0x", "0x1ffffffffffffffffff", "12x"})
  void whatIsNoAddressIsExplained(String path) {
    assertThat(show(CAPTURE, path)).isEqualTo(2);
    assertThat(pipe.err())
        .matches("kho: '" + path + "' (is not a number; write|does not fit into 64 bits).*\n.*\n");
  }

  @Test
  void noPathIsNoStructure() {
    assertThat(show(CAPTURE, "")).isZero();
    assertThat(pipe.out()).startsWith("/: device tree at 0x512000, ");
  }

  @Test
  void anAddressIsANumberAsInOptions() {
    assertThat(show(CAPTURE, "0x512000")).isZero();
    String shown = pipe.out();
    for (String same : List.of("0X512000", "5316608", "5192K")) {
      ConsoleOfATest again = ConsoleOfATest.pipe();
      assertThat(new Kho(again.console, "").run("show", CAPTURE, same)).as(again.err()).isZero();
      assertThat(again.out()).isEqualTo(shown);
    }
  }

  @Test
  void showsFieldsWithValuesAndWhatTheyLeadTo() {
    assertThat(show(CAPTURE, "/LUO/session \"multi-test-files-1\"/file 0x1001")).isZero();
    assertThat(pipe.out().lines().map(String::strip))
        .contains(
            "/LUO/session \"multi-test-files-1\"/file 0x1001: luo_file_ser at 0x77f010, 64 B",
            "+0x38  token       01 10 00 00 00 00 00 00  4097 (0x1001)",
            "+0x8   size                00 10 00 00 00 00 00 00  4096 (0x1000)",
            "+0x20  folios.first        00 b0 59 00 00 00 00 00  0x59b000 → /LUO/session"
                + " \"multi-test-files-1\"/file 0x1001/folios/chunk 0",
            "allow_huge 0");
  }

  /** As a shell passes it on, without quotes and in several words. */
  @Test
  void showsAFolioOfAMemfd() {
    assertThat(
            show(CAPTURE, "/LUO/session", "multi-test-files-1/file", "0x1001/folio", "0", "--json"))
        .isZero();
    JsonNode folio = new ObjectMapper().readTree(pipe.out()).path("structures").path(0);
    assertThat(folio.path("structure").asString()).isEqualTo("memfd_luo_folio_ser");
    assertThat(folio.path("address").asString()).isEqualTo("0x59a000");
    JsonNode pfn = folio.path("fields").path(0);
    assertThat(pfn.path("bits").path("pfn").asLong()).isEqualTo(0x18e1);
    assertThat(pfn.path("bytes").asString()).isEqualTo("e118000000003000");
    assertThat(pfn.path("leadsTo").path(0).asString()).contains("/file 0x1001");
  }

  @Test
  void showsAFolioOfAMemfdByItsAddress() {
    assertThat(show(CAPTURE, "0x59a008")).isZero();
    assertThat(pipe.out())
        .startsWith(
            "/LUO/session \"multi-test-files-1\"/file 0x1001/folio 0: memfd_luo_folio_ser at"
                + " 0x59a000, 16 B");
    assertThat(show(CAPTURE, "0x59a010")).isEqualTo(2);
  }

  @Test
  void showsAFolioBehindAFeatureHeader(@TempDir Path directory) throws IOException {
    Path spec = directory.resolve("spec.json");
    String luo =
        """
        { "arch": "x86-64", "pageSize": "4K", "abi": "kho-v4;radix-v1;vmalloc-v1",
          "memory": { "address": 0, "size": "128M" }, "scratch": [{ "address": "16M", "size": "16M" }],
          "subtrees": [{ "luo": { "abi": "luo-features", "sessions": [{ "name": "vm", "files": [
              { "token": 1, "memfd": { "abi": "memfd", "text": "two pages" } }] }] } }] }
        """;
    Files.writeString(spec, luo);
    Path ram = directory.resolve("ram");
    kho(0, "author", spec, "-o", ram);

    JsonNode folio = json(ram.toString(), "/LUO/session vm/file 0x1/folio 0").at("/structures/0");
    assertThat(folio.path("structure").asString()).isEqualTo("memfd_luo_folio_ser");
    assertThat(kho(0, "who", ram, folio.path("address").asString()).out())
        .contains("structure  memfd_luo_folio_ser at ");
  }

  @Test
  void aFolioBehindTheLastIsNoFolio() {
    assertThat(show(CAPTURE, "/LUO/session multi-test-files-1/file 0x1001/folio 1")).isEqualTo(2);
    assertThat(pipe.err())
        .startsWith("kho: " + CAPTURE + ": the handover at 0x512000: no structure has the path ");
  }

  @Test
  void namesThePathsBesideAndAboveAWrongOne() {
    assertThat(show(CAPTURE, "/LU")).isEqualTo(2);
    assertThat(pipe.err())
        .contains("Near it: /, /memblock, /LUO, ")
        .doesNotContain("/preserved-memory-map/");
    assertThat(show(CAPTURE, "/memblock/reservation \"trace\"")).isEqualTo(2);
    assertThat(pipe.err()).contains("Near it: /memblock; kho show without a path");
  }

  @Test
  void sendsAnAddressOutsideOfStructuresToWho() {
    assertThat(show(CAPTURE, "0x1f100000")).isEqualTo(2);
    assertThat(pipe.err()).contains("no structure contains the address 0x1f100000; kho who names");
  }

  @Test
  void showsPropertiesOfATree() {
    JsonNode tree = json(CAPTURE, "/").path("structures").path(0);
    JsonNode map = tree.path("fields").path(1);
    assertThat(map.path("name").asString()).isEqualTo("preserved-memory-map");
    assertThat(map.path("value").asString()).isEqualTo("0x511000");
    assertThat(map.path("leadsTo").path(0).asString()).isEqualTo("/preserved-memory-map/page 0");
    assertThat(map.path("offset").asInt()).isEqualTo(0x60);
  }

  @Test
  void showsWhatIsAtAnAddress() {
    JsonNode shown = json(CAPTURE, "0x778050").path("structures");
    assertThat(shown).hasSize(2);
    assertThat(shown.path(1).path("path").asString())
        .isEqualTo("/LUO/session \"kexec_multi_state\"");
  }

  @Test
  void namesPathsNearAWrongOne() {
    assertThat(show(CAPTURE, "/LUO/nonsense")).isEqualTo(2);
    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err()).contains("/LUO/nonsense", "/LUO/sessions/block 0");
  }

  @Test
  void aPathThatVerifyNamesLeadsToItsStructure() {
    Path broken = Captures.PROJECT.resolve("vectors/invalid/invalid-vmalloc-too-few.elf.zst");
    assertThat(kho(2, "show", broken.toString(), "/kho_test/data/folios_info").err())
        .contains("VMALLOC-007 at 0x20006000: ")
        .endsWith("; the byte at 0x20006000 is in /kho_test, which is shown for this address\n");
    assertThat(kho(0, "show", broken.toString(), "0x20006000").out())
        .startsWith("/kho_test: device tree at 0x20006000, 240 B\n");
  }

  @Test
  void aTakenHandoverIsNotShown() {
    assertThat(show(Captures.small("gen2-running").toString(), "--role", "incoming")).isEqualTo(2);
    assertThat(pipe.err()).contains("a kernel has consumed it");
  }
}
