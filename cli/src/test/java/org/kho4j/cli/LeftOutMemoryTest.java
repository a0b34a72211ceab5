package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.cli.captures.InspectShape;
import org.kho4j.damage.Overlay;
import org.kho4j.files.MappedFile;
import org.kho4j.files.packed.Packing;
import org.kho4j.files.packed.Spool;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.preflight.outgoing.HandoverReader;
import org.kho4j.preflight.outgoing.Integrity.Damage;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Verdict;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What every command says of RAM that a dump left out. */
class LeftOutMemoryTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Path EXCLUDED = Captures.SMALL.resolve("dumps/excluded-pages.kdump.zst");
  private static final Path NO_ZEROS =
      Captures.SMALL.resolve("dumps/zero-pages-excluded.kdump.zst");
  private static final Path WHOLE = Captures.small("jump-luo");

  /** Of {@code jump-luo}, and in no other part of it. */
  private static final long ROOT_OF_MAP = 0x511000;

  private static final long LUO = 0x698000;
  private static final long CHUNK = 0x599000;

  @TempDir private Path directory;

  private static final long SESSIONS = 0x778000;
  private static final long MEMFD = 0x771000;
  private static final long MEMBLOCK = 0x69c000;
  private static final long FLBS = 0x699000;
  private static final long NODE_OF_MAP = 0x7ca000;
  private static final long METADATA = 0x518000;
  private static final long KHO_TEST = 0x55a000;

  /** In the root FDT. */
  private static final int KHO_TEST_NAME = 0x5120dc;

  private static final long TEST_CHUNK = 0x5b9000;

  private static JsonNode json(int exit, Object... arguments) {
    return MAPPER.readTree(kho(exit, arguments).out());
  }

  /** {@code jump-luo} as an ELF core in which pages are RAM that the file does not have. */
  private Path without(long... pages) throws IOException {
    return without(WHOLE, pages);
  }

  private Path without(Path capture, long... pages) throws IOException {
    Path core = Files.createTempDirectory(directory, "core").resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      List<CoreFile.Run> runs = new ArrayList<>();
      long at = 0;
      for (long page : pages) {
        runs.add(new CoreFile.Run(at, page - at, page - at + 4096));
        at = page + 4096;
      }
      long end = 0x20000000;
      runs.add(new CoreFile.Run(at, end - at));
      CoreFile.write(core, memory, runs, new byte[0]);
    }
    return core;
  }

  @Test
  void verifyListsItAndFindsNothing() {
    JsonNode verified = json(0, "verify", EXCLUDED, "--json");

    assertThat(verified.path("verdict").asString()).isEqualTo("sound");
    assertThat(verified.path("findings")).isEmpty();
    JsonNode absent = verified.path("checked").path("absent");
    assertThat(absent.path("bytes").asLong()).isEqualTo(1 << 20);
    assertThat(absent.path("parts")).hasSize(1);
    JsonNode part = absent.path("parts").get(0);
    assertThat(part.path("kind").asString()).isEqualTo("reservation");
    assertThat(part.path("path").asString()).isEqualTo("/memblock/reservation \"trace\"");
    assertThat(part.path("address").asString()).isEqualTo("0x1f100000");
    assertThat(part.path("bytes").asLong()).isEqualTo(1 << 20);
    assertThat(kho(0, "verify", EXCLUDED).out())
        .startsWith("0 errors, 0 warnings; ")
        .contains("not checked: 1 MiB of the content of 1 reservation: not in the dump\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {100_000, 200_000, 400_000})
  void whatATruncatedDumpLostIsNoFinding(int lost) throws IOException {
    Path cut = directory.resolve("cut.kdump");
    try (MappedFile packed = MappedFile.open(EXCLUDED);
        MappedFile dump = Packing.ZSTD.unpack(EXCLUDED, packed.bytes(), 0, Spool.DEFAULT)) {
      MemorySegment rest = dump.bytes().asSlice(0, dump.size() - lost);
      Files.write(cut, rest.toArray(ValueLayout.JAVA_BYTE));
    }

    ConsoleOfATest pipe = kho(0, "verify", cut);

    assertThat(pipe.out()).startsWith("0 errors, 0 warnings; ").contains("not in the dump: /");
    assertThat(pipe.err())
        .startsWith(
            "kho: %s is truncated: it ends at offset 0x%x, and lacks 0x"
                .formatted(cut, Files.size(cut)));
    assertThat(kho(1, "preflight", "--from", cut, "--to", Preflights.kernel("7.3")).out())
        .doesNotContain("corrupt");
  }

  /** The trees of handovers have a page; a larger one here, of which the second page is absent. */
  @Test
  void rootFdtThatIsNotAllThereIsNoFinding() throws IOException {
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(WHOLE)) {
      Overlay changed = new Overlay(memory);
      long root = 0x512000;
      changed
          .page(root)
          .set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 4, 5000);
      CoreFile.write(core, changed, List.of(new CoreFile.Run(root, 4096, 8192)), new byte[0]);
    }

    ConsoleOfATest pipe = kho(2, "verify", core);

    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err())
        .startsWith("kho: a root FDT is not completely in the dump: / at 0x512000: ")
        .contains("no handover");
  }

  @Test
  void zerosThatLevel1LeftOutAreZeros() {
    assertThat(json(0, "verify", NO_ZEROS, "--json").path("checked").has("absent")).isFalse();
    assertThat(kho(0, "inspect", NO_ZEROS).out()).contains("checksum matches");
    assertThat(json(0, "diff", NO_ZEROS, Captures.EXAMPLE, "--json").path("different").asBoolean())
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource({"ROOT_OF_MAP,absent", "NODE_OF_MAP,absent", "LUO,intact", "CHUNK,intact"})
  void inspectNamesStructuresAndHasNoErrors(String structure, String state) throws IOException {
    Path core = without(address(structure));
    JsonNode document = json(0, "inspect", core, "--json");

    InspectShape.check(document);
    JsonNode handover = document.path("handovers").get(0);
    assertThat(handover.path("preservedMap").path("state").asString()).isEqualTo(state);
    assertThat(handover.path("errors")).isEmpty();
    assertThat(handover.path("absent")).isNotEmpty();
    assertThat(kho(0, "inspect", core).out())
        .contains(
            "\nnot in the dump /",
            "leaves out the page of 0x%x, which is RAM\n".formatted(address(structure)))
        .doesNotContain("has no memory");
  }

  @Test
  void rangesAreNotListedWithoutAllOfTheMap() throws IOException {
    JsonNode handover =
        json(0, "inspect", "--ranges", "--json", without(ROOT_OF_MAP)).at("/handovers/0");
    assertThat(handover.has("ranges")).isFalse();
    assertThat(handover.path("errors")).isEmpty();
  }

  @Test
  void theRestOfAMapIsNotInTheDump() throws IOException {
    Path core = without(NODE_OF_MAP);
    String text = kho(0, "inspect", core).out();
    assertThat(text).contains(", 31 nodes, the rest is not in the dump\n");
    assertThat(json(0, "verify", core, "--json").at("/handovers/0/state").asString())
        .isEqualTo("absent");

    String radix = kho(0, "inspect", core, "--radix", ROOT_OF_MAP).out();
    assertThat(radix)
        .contains("not in the dump /radix 0x511000/leaf at 0x7ca000: ")
        .doesNotContain("error");
    JsonNode tree = json(0, "inspect", core, "--radix", ROOT_OF_MAP, "--json");
    assertThat(tree.path("errors")).isEmpty();
    assertThat(tree.at("/absent/0/address").asString()).isEqualTo("0x7ca000");

    assertThat(kho(2, "convert", core, "--abi=7.1", "-o", directory.resolve("ram")).err())
        .isEqualTo(
            ("kho: %s: the map of the handover at 0x512000 is partly absent, so preserved memory is"
                    + " unknown\n")
                .formatted(core));
    Path page = directory.resolve("page.html");
    kho(0, "report", core, "-o", page);
    assertThat(Files.readString(page)).contains("tag warning\">the rest is not in the dump");
  }

  @Test
  void whoNamesTheOwnersOfStructuresThatAreAbsent() throws IOException {
    Path core = without(CHUNK, MEMFD);
    assertThat(kho(0, "who", core, CHUNK + 8, MEMFD + 8).out())
        .contains(
            "owner      vmalloc chunk /LUO/session \"multi-test-files-2\"/file 0x2002/folios/chunk"
                + " 0, offset 0x8\n",
            "owner      structure /LUO/session \"kexec_multi_state\"/file 0x3e6, offset 0x8\n");
    assertThat(kho(0, "who", without(FLBS, SESSIONS), FLBS, SESSIONS).out())
        .contains(
            "owner      structure /LUO/flbs, offset 0x0\n",
            "owner      structure /LUO/sessions/block 0, offset 0x0\n");
  }

  @Test
  void anUnknownBlobThatIsAbsentIsListed() throws IOException {
    Path other =
        Captures.copyPatched(
            WHOLE,
            directory.resolve("other"),
            KHO_TEST_NAME,
            "kho_best".getBytes(StandardCharsets.US_ASCII));

    assertThat(kho(0, "inspect", without(other, KHO_TEST)).out())
        .contains("kho_best at 0x55a000, 240 B, not decoded", "not in the dump /kho_best at 0x55a");
  }

  /** Only a raw image may begin elsewhere. */
  @Test
  void noOtherBaseIsProposedForADump() throws IOException {
    assertThat(kho(2, "inspect", without(0x512000)).err())
        .endsWith("no handover: no page is a sound device tree with a version of KHO\n");
  }

  @Test
  void showSaysThatAStructureIsAbsent() throws IOException {
    Path core = without(MEMBLOCK, SESSIONS);
    for (String path : List.of("/LUO/sessions/block 0", "/memblock")) {
      assertThat(kho(2, "show", core, path).err())
          .contains("that can be read has the path " + path + ": it is not in the dump, at 0x");
    }
  }

  private static long address(String structure) {
    return switch (structure) {
      case "ROOT_OF_MAP" -> ROOT_OF_MAP;
      case "NODE_OF_MAP" -> NODE_OF_MAP;
      case "LUO" -> LUO;
      case "SESSIONS" -> SESSIONS;
      case "FLBS" -> FLBS;
      case "MEMFD" -> MEMFD;
      case "MEMBLOCK" -> MEMBLOCK;
      case "METADATA" -> METADATA;
      case "KHO_TEST" -> KHO_TEST;
      case "TEST_CHUNK" -> TEST_CHUNK;
      default -> CHUNK;
    };
  }

  @Test
  void extractRefusesAndSaysHowMuchIsMissing() {
    Path out = directory.resolve("trace");

    assertThat(kho(2, "extract", EXCLUDED, "--reserve-mem=trace", "-o", out).err())
        .isEqualTo(
            ("kho: 1 MiB of the 1 MiB of /memblock/reservation \"trace\" are not in %s, the first at"
                    + " 0x1f100000: --missing zero writes zeros instead\n")
                .formatted(EXCLUDED));
    assertThat(directory).isEmptyDirectory();
    assertThat(kho(2, "extract", EXCLUDED, "--reserve-mem=trace", "-o", "-").out()).isEmpty();
  }

  /** The reservation has 1 MiB from 0x1f100000 on, and the file ends within one of its pages. */
  @Test
  void aPageThatIsThereInPartIsAbsent() throws IOException {
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(WHOLE)) {
      CoreFile.write(
          core, memory, List.of(new CoreFile.Run(0, 0x1f180800, 0x20000000)), new byte[0]);
    }

    assertThat(json(0, "verify", core, "--json").at("/checked/absent/bytes").asLong())
        .isEqualTo(512 << 10);
    Path out = directory.resolve("trace");
    assertThat(kho(2, "extract", core, "--reserve-mem=trace", "-o", out).err())
        .startsWith("kho: 512 KiB of the 1 MiB of /memblock/reservation \"trace\" are not in ");
  }

  @Test
  void extractWritesTheRestSparseOnDemand() throws IOException {
    Path out = directory.resolve("trace");

    JsonNode written =
        json(
            1,
            "extract",
            EXCLUDED,
            "--reserve-mem=trace",
            "--missing",
            "zero",
            "-o",
            out,
            "--json");

    assertThat(written.path("absentBytes").asLong()).isEqualTo(1 << 20);
    assertThat(written.path("stored").asLong()).isEqualTo(1);
    assertThat(Files.readAllBytes(out)).isEqualTo(new byte[1 << 20]);
    assertThat(kho(2, "extract", WHOLE, "--reserve-mem=trace", "--missing=ones", "-o", out).err())
        .contains("'ones' is not what can be written for missing pages: zero");
  }

  @Test
  void diffComparesTheRest() {
    String same = kho(0, "diff", WHOLE, EXCLUDED).out();

    assertThat(same)
        .contains(
            "  ? reserve_mem trace: absent, unreadable, newer or too large, on one side or both\n",
            ", 2 unknown\n")
        .doesNotContain("lost", "added", "changed");
    JsonNode json = json(0, "diff", WHOLE, EXCLUDED, "--json");
    assertThat(json.path("different").asBoolean()).isFalse();
    assertThat(json.path("counts").path("unknown").asInt()).isEqualTo(2);
  }

  @Test
  void diffTakesNothingForLostThatIsListedInAbsentMemory() throws IOException {
    for (String structure : List.of("ROOT_OF_MAP", "LUO", "CHUNK")) {
      Path core = without(address(structure));
      assertThat(json(0, "diff", WHOLE, core, "--json").path("b").path("absent"))
          .as(structure)
          .isNotEmpty();
      assertThat(json(0, "diff", core, WHOLE, "--json").path("different").asBoolean()).isFalse();
    }
  }

  @Test
  void reportSaysWhatWasNotChecked() throws IOException {
    Path page = directory.resolve("page.html");
    kho(0, "report", EXCLUDED, "-o", page);
    assertThat(Files.readString(page))
        .contains("Not checked: 1 MiB of the content of 1 reservation: not in the dump.");

    kho(0, "report", without(ROOT_OF_MAP), "-o", page, "--force");
    assertThat(Files.readString(page)).contains("tag warning\">not in the dump");
  }

  @Test
  void convertListsZerosOnce() {
    assertThat(kho(1, "convert", EXCLUDED, "--abi=7.1", "-o", directory.resolve("ram")).err())
        .containsOnlyOnce("preserved bytes are not in the image, the first at 0x");
  }

  @Test
  void preflightNotesContentAndStaysOk() throws IOException {
    JsonNode report = preflight(0, EXCLUDED);

    assertThat(report.path("notes").valueStream().map(JsonNode::asString))
        .contains("not checked: 1 MiB of the content of 1 reservation: not in the dump");
    preflight(0, document(EXCLUDED));
  }

  /** No kernel accepts or refuses what nobody has seen. */
  @ParameterizedTest
  @CsvSource({
    "ROOT_OF_MAP,kho",
    "NODE_OF_MAP,kho",
    "LUO,luo",
    "SESSIONS,luo",
    "FLBS,luo",
    "MEMFD,memfd",
    "CHUNK,memfd",
    "MEMBLOCK,memblock",
    "METADATA,kexec-metadata",
    "KHO_TEST,kho_test",
    "TEST_CHUNK,kho_test"
  })
  void preflightDoesNotKnowThePartOfAStructure(String structure, String part) throws IOException {
    Path core = without(address(structure));
    for (Path from : List.of(core, document(core))) {
      JsonNode report = preflight(1, from);
      assertThat(report.path("verdict").asString()).as("%s", from).isEqualTo("unknown");
      assertThat(Preflights.component(report, part).path("verdict").asString())
          .as("%s", from)
          .isEqualTo("unknown");
      assertThat(Preflights.component(report, part).path("because").asString())
          .as("%s", from)
          .contains("0x%x".formatted(address(structure)));
    }
  }

  @Test
  void preflightDoesNotKnowKhoWithoutAnyPageOfTheMap() throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(WHOLE)) {
      List<Long> pages = new ArrayList<>();
      Handovers.find(memory).getFirst().preservedMap().forEachPage(pages::add);
      assertThat(pages).hasSize(32);
      for (long page : pages) {
        Overlay overlay = new Overlay(memory);
        overlay.remove(page);

        OutgoingKernel read = HandoverReader.read(Handovers.find(overlay).getFirst(), "core");

        assertThat(read.content().orElseThrow().integrity().orElseThrow().damages())
            .as("without 0x%x", page)
            .extracting(Damage::part, Damage::verdict)
            .containsExactly(tuple("kho", Verdict.UNKNOWN));
      }
    }
  }

  private static JsonNode preflight(int exit, Path from) {
    return Preflights.json(
        exit, "--from", from, "--to", Preflights.kernel("7.3"), "--cmdline", Preflights.TRACE);
  }

  private Path document(Path image) throws IOException {
    return Files.writeString(
        Files.createTempFile(directory, "document", ".json"),
        kho(0, "inspect", image, "--json").out());
  }
}
