package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class DiffCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;

  private interface Filling {
    void fill(TestGuest guest);
  }

  private Path ram(String name, Filling filling) throws IOException {
    Path ram = directory.resolve(name);
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      filling.fill(guest);
    }
    return ram;
  }

  /** The lines between the heads and the sum, without the map, whose totals are not the subject. */
  private List<String> changes(Path a, Path b, String... more) {
    Stream<Object> line = Stream.concat(Stream.of("diff", a, b, "--changes"), Stream.of(more));
    return kho(1, line.toArray())
        .out()
        .replaceAll("(?m)^~ preserved map\n(  ~ .*\n)*", "")
        .replaceAll("[0-9a-f]{12}…", "DIGEST")
        .lines()
        .skip(3)
        .takeWhile(text -> !text.isEmpty())
        .toList();
  }

  /** RAM of an arm64 machine beside that of a PC. */
  @Test
  void eachSourceHasABaseOfItsOwn() throws IOException {
    Path a = directory.resolve("a");
    Path b = directory.resolve("b");
    try (TestGuest guest = TestGuest.create(a, 0, 16 << 20)) {
      guest.session("vm").memfd("vm", 1, 5, new Placed(0, guest.folio(0x800000, 0, "hello")));
    }
    try (TestGuest guest = TestGuest.create(b, 1 << 30, 16 << 20)) {
      guest.session("vm").memfd("vm", 1, 5, new Placed(0, guest.folio(0x40800000, 0, "hello")));
    }
    ConsoleOfATest pipe = kho(0, "diff", a, b, "--b-base", "1G", "--json");
    assertThat(pipe.out())
        .contains("\"different\" : false")
        .contains(
            "\"content\" : \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"");
    assertThat(kho(0, "diff", b, a, "--base", "1G", "--a-base", "1G", "--b-base", "0").out())
        .doesNotContain("changed", "lost");
  }

  @Test
  void whereThingsLieIsNoDifference() throws IOException {
    Path a =
        ram(
            "a",
            guest ->
                guest
                    .session("vm")
                    .memfd("vm", 1, 0x3000, new Placed(0, guest.folio(0x800000, 0, "a"))));
    Path b =
        ram(
            "b",
            guest -> {
              Folio later = guest.folio(0x900000, 0, "a");
              guest.session("vm").memfd("vm", 1, 0x3000, new Placed(0, later));
            });

    assertThat(kho(0, "diff", a, b).out().lines().skip(3))
        .containsExactly(
            "= preserved map",
            "= subtree LUO",
            "  = session vm",
            "    = file 0x1",
            "= subtree kexec-metadata",
            "",
            "5 same");
  }

  @Test
  void aHoleIsTheSameAsZeros() throws IOException {
    Path a =
        ram(
            "a",
            guest -> {
              Placed content = new Placed(0, guest.folio(0x800000, 0, "a"));
              guest.session("vm").memfd("vm", 1, 0x3000, content);
            });
    Path b =
        ram(
            "b",
            guest -> {
              Placed content = new Placed(0, guest.folio(0x800000, 0, "a"));
              Placed zeros = new Placed(2, guest.folio(0x900000, 0, ""));
              guest.session("vm").memfd("vm", 1, 0x3000, content, zeros);
            });

    assertThat(changes(a, b)).isEmpty();
  }

  @Test
  void filesOfASession() throws IOException {
    Path a =
        ram(
            "a",
            guest -> {
              guest.session("lost").session("vm").file("vm", 5, "vfio", 1);
              guest.memfd("vm", 1, 0x1000, 1, new Placed(0, guest.folio(0x800000, 0, "a")));
              guest.memfd("vm", 2, 0x1000, new Placed(0, guest.folio(0x801000, 0, "b")));
              guest.memfd("vm", 3, 0x1000, new Placed(0, guest.folio(0x802000, 0, "c")));
            });
    Path b =
        ram(
            "b",
            guest -> {
              guest.session("vm").session("add\033ed").file("vm", 5, "vfio-v2", 2);
              guest.memfd("vm", 1, 0x1000, 3, new Placed(0, guest.folio(0x800000, 0, "A")));
              guest.memfd("vm", 2, 0x2000, new Placed(0, guest.folio(0x801000, 0, "b")));
              guest.memfd("vm", 4, 0x1000, new Placed(0, guest.folio(0x802000, 0, "c")));
            });

    assertThat(changes(a, b))
        .containsExactly(
            "~ subtree LUO",
            "  - session lost",
            "  ~ session vm",
            "    ~ file 0x5",
            "      ~ handler vfio → vfio-v2",
            "    ~ file 0x1",
            "      ~ seals 0x1 → 0x3",
            "      ~ content DIGEST → DIGEST",
            "    ~ file 0x2",
            "      ~ size 4,096 → 8,192",
            "      ~ content DIGEST → DIGEST",
            "    - file 0x3: handler memfd-v2, size 4,096, position 0, seals 0x0, content DIGEST",
            "    + file 0x4: handler memfd-v2, size 4,096, position 0, seals 0x0, content DIGEST",
            "  + session add\\x1bed");
    assertThat(changes(a, b, "--no-content")).noneMatch(line -> line.contains("content"));
  }

  @Test
  void flbsSubtreesAndReservations() throws IOException {
    Path a =
        ram(
            "a",
            guest -> {
              guest.flb("iommu", 1, 2).flb("gone", 1, 1);
              guest.put(guest.generation().addBlob("mine", 5).address(), "hello");
              guest.put(guest.generation().addBlob("lost", 3).address(), "abc");
              reservations(guest, 1, "x");
            });
    Path b =
        ram(
            "b",
            guest -> {
              guest.flb("iommu", 7, 3).flb("new", 1, 1);
              guest.put(guest.generation().addBlob("mine", 6).address(), "hello!");
              reservations(guest, 2, "y");
            });

    assertThat(changes(a, b))
        .containsExactlyInAnyOrder(
            "~ subtree LUO",
            "  ~ flb iommu",
            "    ~ references 2 → 3",
            "  - flb gone: references 1",
            "  + flb new: references 1",
            "~ subtree memblock",
            "  ~ reserve_mem trace",
            "    ~ size 4,096 → 8,192",
            "    ~ content DIGEST → DIGEST",
            "- subtree lost: size 3, content DIGEST",
            "~ subtree mine",
            "  ~ size 5 → 6",
            "  ~ content DIGEST → DIGEST");
  }

  private static void reservations(TestGuest guest, int pages, String text) {
    guest.generation().allocateAt(0x900000, pages - 1);
    guest.put(0x900000, text);
    ReserveMemSaver.save(
        guest.generation(), List.of(new ReserveMem("trace", 0x900000, 4096L * pages)));
  }

  @Test
  void theKernelsOwnRelease() throws IOException {
    Path a = ram("a", guest -> {});
    Path b = directory.resolve("b");
    TestGuest.create(b, 16 << 20, "7.0\n").close();

    assertThat(changes(a, b))
        .containsExactly("~ subtree kexec-metadata", "  ~ previousRelease 6.99 → 7.0\\x0a");
  }

  @Test
  void contentThatCannotBeReadIsNoContentThatIsTheSame() throws IOException {
    Path whole =
        ram(
            "a",
            guest ->
                guest
                    .session("vm")
                    .memfd("vm", 1, 0x1000, new Placed(0, guest.folio(0x800000, 0, "a"))));
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      CoreFile.write(
          core,
          memory,
          List.of(new CoreFile.Run(0, 0x800000), new CoreFile.Run(0x801000, (16 << 20) - 0x801000)),
          new byte[0]);
    }

    assertThat(changes(whole, core))
        .contains("      ~ content DIGEST → cannot be read")
        .anyMatch(line -> line.startsWith("! B: /LUO/session \"vm\"/file 0x1 at 0x800000"));
    kho(1, "diff", core, core);
    kho(0, "diff", core, core, "--no-content");
  }

  /** What A cannot show is neither lost nor added. */
  @Test
  void itemsOfAPartThatCannotBeReadAreUnknown() throws IOException {
    Path whole = ram("a", guest -> guest.flb("iommu", 1, 1).session("vm").session("db"));
    Path broken = Files.copy(whole, directory.resolve("broken"));
    long head;
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      head = Handovers.find(memory).getFirst().subtree(LuoSer.SUBTREE).orElseThrow().address();
    }
    try (FileChannel file = FileChannel.open(broken, StandardOpenOption.WRITE)) {
      file.write(
          ByteBuffer.wrap(new byte[] {0, 0, 0, 0x70, 0, 0, 0, 0}),
          head + LuoSer.SESSIONS_PA.offset());
    }

    String unknown = ": absent, unreadable, newer or too large, on one side or both";
    assertThat(changes(broken, whole))
        .contains(
            "~ subtree LUO",
            "  ~ readable in part → yes",
            "  ? session vm" + unknown,
            "  ? session db" + unknown)
        .noneMatch(line -> line.contains("+ ") || line.contains("- "))
        .anyMatch(line -> line.startsWith("! A: /LUO"));
    assertThat(changes(whole, broken)).contains("  ? session vm" + unknown);
    assertThat(kho(1, "diff", broken, broken).out()).contains("? subtree LUO");
  }

  /** The map's page is missing from a core; every memfd needs the map. */
  @Test
  void aPageThatSeveralItemsMissIsNamedOnce() throws IOException {
    Path whole = Captures.small("jump-luo");
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      CoreFile.write(
          core,
          memory,
          List.of(
              new CoreFile.Run(0, 0x511000),
              new CoreFile.Run(0x511000, 0, 4096),
              new CoreFile.Run(0x512000, (32 << 20) - 0x512000),
              new CoreFile.Run(32 << 20, 0, 480 << 20)),
          new byte[0]);
    }

    assertThat(kho(0, "diff", whole, core).out())
        .contains("? file 0x2002", "? file 0x3003")
        .containsOnlyOnce("? B not in the dump: /preserved-memory-map/node of level 5 at 0x511000");
  }

  @Test
  void generation2AgainstGeneration1() throws IOException {
    Path first = Captures.small("gen1-running");
    Path second = Captures.small("gen2-running");

    String text = kho(1, "diff", first, second).out();
    assertThat(text)
        .contains("~ kexecCount 1 → 2")
        .contains("- subtree kho_test: folios 7,")
        .contains("+ subtree LUO: version luo-v5, liveupdateNumber 2")
        .contains(" reserve_mem trace");
    assertThat(kho(0, "diff", first, first).out()).doesNotContainPattern("(?m)^ *[~+!-]");

    JsonNode json = MAPPER.readTree(kho(1, "diff", first, second, "--json").out());
    assertThat(json.path("schema").asString()).isEqualTo("kho4j/diff/1");
    assertThat(json.path("different").asBoolean()).isTrue();
    assertThat(json.path("counts").path("lost").asInt()).isEqualTo(1);
    assertThat(json.findValuesAsString("kind")).contains("map", "subtree", "reserveMem");
  }

  @Test
  void aSourceCanBeComparedWithItself() {
    Path second = Captures.small("gen2-running");
    String text = kho(1, "diff", second, second, "--a-role", "incoming").out();
    assertThat(text)
        .contains(": kho-v4, incoming, root FDT at 0x4f0000")
        .contains(": kho-v4, outgoing, root FDT at 0x8f6000")
        .contains("~ state consumed → intact")
        .contains("- subtree kho_test")
        .containsPattern(Pattern.compile("(?m)^! A: /LUO"));
    assertThat(kho(1, "diff", second, second, "--a-fdt", "0x4f0000").out()).contains("incoming");
  }

  @Test
  void wrongUsageIsExplained() throws IOException {
    Path a = ram("a", guest -> {});
    assertThat(kho(2, "diff", a).err()).contains("'B'");
    assertThat(kho(2, "diff", a, a, "--fdt", "0x1000").err()).contains("give --a-fdt or --b-fdt");
    assertThat(kho(2, "diff", "-", "-").err()).contains("standard input cannot be both A and B");
    assertThat(kho(2, "diff", a, a, "--b-fdt", "0x1000").err())
        .startsWith("kho: " + a + ": / at 0x1000: there is no root FDT");
    assertThat(kho(2, "diff", a, a, "--a-fdt=1", "--a-role=incoming").err())
        .contains("--a-fdt and --a-role exclude each other");
    assertThat(kho(2, "diff", a, a, "--b-role=incoming").err())
        .contains("no incoming handover: outgoing at 0x")
        .contains("--b-fdt selects one of them");
  }
}
