package org.kho4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.Contract;
import org.kho4j.cli.abi.reference.ReferencePages;
import org.kho4j.cli.command.Command;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class AbiCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final ConsoleOfATest pipe = ConsoleOfATest.pipe();

  @Test
  void aloneListsEveryVersion() {
    assertThat(run("abi")).isZero();
    Contract.VERSIONS.forEach(version -> assertThat(pipe.out()).contains("  " + version.id()));
  }

  @Test
  void aloneAsJsonIsTheWholeContract() {
    assertThat(run("abi", "--json")).isZero();
    assertThat(json()).isEqualTo(MAPPER.readTree(ReferencePages.all().get("abi.json")));
  }

  @Test
  void whatNoReleaseHasIsMarkedSoAsJson() {
    assertThat(run("abi", "--unreleased", "--json")).isZero();
    assertThat(json().get("unreleased").asBoolean()).isTrue();
    assertThat(json().get("versions")).hasSize(Contract.DEVELOPMENT.size());
    assertThat(json().get("clients")).isNotEmpty();
  }

  @Test
  void aStringStandsForEveryLayoutThatWentByIt() {
    assertThat(run("abi", "versions", "kho-v1", "--json")).isZero();
    assertThat(json().get("versions").valueStream().map(it -> it.get("id").asString()))
        .containsExactly("kho-v1@6.16", "kho-v1@6.17.9", "kho-v1@6.18");
  }

  @Test
  void oneLayoutHasANameOfItsOwn() {
    assertThat(run("abi", "versions", "kho-v1@6.18")).isZero();
    assertThat(pipe.out()).startsWith("kho-v1@6.18\n").doesNotContain("kho-v1@6.16");
  }

  @Test
  void aComponentStandsForItsVersions() {
    assertThat(run("abi", "versions", "memfd", "--json")).isZero();
    assertThat(json().get("versions").valueStream().map(it -> it.get("id").asString()))
        .containsExactly("memfd-v1", "memfd-v2");
  }

  @ParameterizedTest
  @CsvSource({"4K, 511, 4096", "16K, 2047, 16384", "64K, 8191, 65536"})
  void sizesFollowThePageSize(String pageSize, int capacity, int bytes) {
    assertThat(run("abi", "structures", "kho_vmalloc_chunk", "--page-size", pageSize)).isZero();
    assertThat(pipe.out())
        .startsWith("kho_vmalloc_chunk, " + bytes + " bytes with " + pageSize + " pages\n")
        .contains("at most " + capacity + " with " + pageSize + " pages");
  }

  @Test
  void aPartOfAStructuresNameWillDo() {
    assertThat(run("abi", "structures", "vmalloc")).isZero();
    assertThat(pipe.out()).contains("kho_vmalloc, ", "kho_vmalloc_chunk, ");
  }

  @Test
  void structuresAreListedWithTheirVersions() {
    assertThat(run("abi", "structures")).isZero();
    assertThat(pipe.out())
        .startsWith("structure")
        .containsPattern("(?m)^kho_block_header_ser +4096 +since 7.2 +kho-v4$");
  }

  @ParameterizedTest
  @ValueSource(strings = {"abi versions kho-v9", "abi structures nothing"})
  void whatThereIsNotIsAUsageError(String line) {
    assertThat(run(line.split(" "))).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: there is no ").contains("'kho abi");
    assertThat(pipe.out()).isEmpty();
  }

  @Test
  void aMistypedSubcommandIsAUsageError() {
    assertThat(run("abi", "version")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: there is no command 'version'; did you mean versions");
  }

  @Test
  void releasesAndLimitsAreTextAndJson() {
    assertThat(run("abi", "releases")).isZero();
    assertThat(run("abi", "limits", "--page-size", "64K")).isZero();
    assertThat(pipe.out()).startsWith("since").contains("kho-v3@7.1");
    ConsoleOfATest json = ConsoleOfATest.pipe();
    assertThat(new Kho(json.console, "").run("abi", "releases", "--json")).isZero();
    assertThat(MAPPER.readTree(json.out()).at("/releases/0/since").asString()).isEqualTo("6.16");
  }

  @Test
  void fingerprintsAreWhatTheCanonicalTextHashesTo() throws Exception {
    assertThat(run("abi", "fingerprints", "luo-v5")).isZero();
    ConsoleOfATest text = ConsoleOfATest.pipe();
    assertThat(new Kho(text.console, "").run("abi", "fingerprints", "--canonical", "luo-v5"))
        .isZero();
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.out().getBytes(UTF_8));
    assertThat(pipe.out()).isEqualTo(HexFormat.of().formatHex(hash) + "  luo-v5\n");
  }

  @Test
  void pagesAreWritten(@TempDir Path directory) throws Exception {
    Path pages = directory.resolve("docs/abi");
    assertThat(run("abi", "pages", "-o", pages.toString())).isZero();
    assertThat(Files.readString(pages.resolve("vmalloc.md")))
        .isEqualTo(ReferencePages.all().get("vmalloc.md"));
    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err()).endsWith(" pages written to " + pages + "\n");
  }

  @Test
  void pagesAreNotWrittenOverAFile(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "mine");

    assertThat(run("abi", "pages", "-o", file.toString())).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).isEqualTo("kho: " + file + ": is not a directory\n");
    assertThat(file).hasContent("mine");
  }

  @Test
  void pagesNeedADirectory() {
    assertThat(run("abi", "pages")).isEqualTo(Command.FAILED);
    assertThat(pipe.err()).startsWith("kho: missing required option: '--output=DIR'\n");
  }

  private int run(String... args) {
    return new Kho(pipe.console, "").run(args);
  }

  private JsonNode json() {
    return MAPPER.readTree(pipe.out());
  }
}
