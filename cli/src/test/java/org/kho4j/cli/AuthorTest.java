package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code kho author}: what it writes, what it refuses, and what it leaves. */
class AuthorTest {

  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path directory;

  private static final String SMALL =
      """
      { "arch": "x86-64",
        "memory": { "address": 0, "size": "64M" },
        "scratch": [{ "address": "16M", "size": "8M" }],
        "subtrees": [{ "khoTest": { "folios": [0, 3], "seed": 1 } }, %s] }
      """;

  @Test
  void theNextGenerationRestoresItFromTheBootRecord() throws IOException {
    JsonNode authored = author(SMALL.formatted(""));
    long record = Long.decode(authored.get("bootRecord").asString());
    try (WritableMemory memory = WritableMemory.open(ram(), 0)) {
      BootData boot = BootData.ofSetupData(memory, record);
      Generation next =
          Generation.boot(memory, boot, Setup.of(PageSize.SIZE_4K, List.of(), "next"));
      assertThat(KhoTestSaver.restore(next)).hasSize(2);
    }
  }

  @Test
  void aTreeShowsWhatInspectShows() throws IOException {
    ConsoleOfATest console = run(SMALL.formatted(""));
    assertThat(console.err()).isEmpty();
    assertThat(console.out())
        .contains("x86-64, pages of 4 KiB")
        .contains("kho_test at ")
        .contains("2 folios, 36 KiB, checksum matches")
        .contains("setup_data at 0x1000010")
        .contains("offset 0x250 of a copy of its bzImage to 10 00 00 01 00 00 00 00");
  }

  @Test
  void theSearchFindsTheBootRecord() throws IOException {
    author(SMALL.formatted(""));
    assertThat(ConsoleOfATest.kho(0, "inspect", ram()).out())
        .contains(
            "scratch: 8 MiB in 1 region, 12.5 % of 64 MiB", "(boot record found at 0x1000010)");
    assertThat(ConsoleOfATest.kho(0, "verify", ram()).out()).doesNotContain("not checked: scratch");
  }

  @Test
  void whatMayBeInAKernelsWayIsNoted() throws IOException {
    String spec =
        """
        { "arch": "x86-64", "memory": { "address": 0, "size": "64M" },
          "scratch": [{ "address": "17M", "size": "8M" }],
          "preserve": [{ "address": "1M", "pages": 1 }, { "address": "60M", "pages": 1 }] }
        """;
    assertThat(run(0, spec).err().lines())
        .containsExactly(
            "kho: note: scratch region 0x1100000-0x18fffff is not aligned to 4 MiB, as those of"
                + " Linux are since 7.2",
            "kho: note: a structure is at 0x100000: QEMU and the kernel's loader write to the"
                + " first 16 MiB",
            "kho: note: a structure is below 0x3c01000: QEMU's firmware writes to the last 32 MiB"
                + " of memory");
  }

  @Test
  void theAddressesOfOneFileMakeTheSameFileAgain() throws IOException {
    String spec =
        SMALL
            .formatted("{\"name\": \"a\", \"vmalloc\": {\"pages\": 600, \"seed\": 9}}")
            .replaceFirst("\"scratch\"", "\"allocate\": {\"scatter\": 3}, \"scratch\"");
    JsonNode authored = author(spec);
    byte[] first = Files.readAllBytes(ram());
    String placed =
        spec.replaceFirst("\\}\\s*$", ", \"place\": " + authored.get("structures") + "}")
            .replace("\"scatter\": 3", "");
    JsonNode again = JSON.readTree(run(0, placed, "--json", "--force").out());
    assertThat(again).isEqualTo(authored);
    assertThat(Files.mismatch(ram(), Files.write(directory.resolve("first"), first))).isEqualTo(-1);
  }

  @Test
  void theFileIsSparseAndItsOwnersAlone() throws IOException {
    author(SMALL.formatted(""));
    assertThat(Files.size(ram())).isEqualTo(64 << 20);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(ram())))
        .isEqualTo("rw-------");
    assertThat(files()).containsExactly("ram", "spec.jsonc");
  }

  @Test
  void aFileThatIsThereIsReplacedOnlyOnDemand() throws IOException {
    Files.writeString(ram(), "precious");
    assertThat(run(2, SMALL.formatted("")).err()).endsWith("ram: exists; --force replaces it\n");
    assertThat(Files.readString(ram())).isEqualTo("precious");
    run(0, SMALL.formatted(""), "--force");
    assertThat(Files.size(ram())).isEqualTo(64 << 20);
    assertThat(files()).containsExactly("ram", "spec.jsonc");
  }

  @Test
  void aLinkIsReplacedAndNotFollowed() throws IOException {
    Path target = Files.writeString(directory.resolve("target"), "precious");
    Files.createSymbolicLink(ram(), target);
    run(0, SMALL.formatted(""), "--force");
    assertThat(Files.readString(target)).isEqualTo("precious");
    assertThat(Files.isSymbolicLink(ram())).isFalse();
    assertThat(Files.size(ram())).isEqualTo(64 << 20);
  }

  @Test
  void aSpecThatFailsHalfWayLeavesNothing() throws IOException {
    // The map has no such node, which is known when all else has been written.
    String late =
        SMALL
            .formatted("")
            .replaceFirst(
                "\\}\\s*$",
                ", \"place\": {\"/preserved-memory-map/level 0/0x1\": \"0x3000000\"} }");
    assertThat(run(2, late).err()).contains("spec.jsonc:4:").contains("the map has no node");
    assertThat(files()).containsExactly("spec.jsonc");
  }

  @Test
  void aMissingDirectoryIsNamed() throws IOException {
    ConsoleOfATest console = ConsoleOfATest.pipe();
    Path spec = Files.writeString(directory.resolve("spec.jsonc"), SMALL.formatted(""));
    assertThat(
            new Kho(console.console, "")
                .run("author", spec.toString(), "-o", directory.resolve("no/ram").toString()))
        .isEqualTo(2);
    assertThat(console.err()).endsWith("/no: no such directory\n");
  }

  @Test
  void aBootImageNamesTheRecord() throws IOException {
    Path image = Files.write(directory.resolve("bzImage"), bootImage(0).array());
    Path copy = directory.resolve("copy");
    run(
        0,
        SMALL.formatted(""),
        "--boot-image",
        image.toString(),
        "--boot-image-out",
        copy.toString());
    ByteBuffer written = ByteBuffer.wrap(Files.readAllBytes(copy)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(written.getLong(0x250)).isEqualTo(0x1000010);
    written.putLong(0x250, 0);
    assertThat(written.array()).isEqualTo(bootImage(0).array());
  }

  @Test
  void aBootImageThatIsNoneIsRefused() throws IOException {
    Path image = Files.write(directory.resolve("bzImage"), new byte[4096]);
    Path copy = directory.resolve("copy");
    String[] options = {"--boot-image", image.toString(), "--boot-image-out", copy.toString()};
    assertThat(run(2, SMALL.formatted(""), options).err()).contains("no \"HdrS\" at offset 0x202");
    Files.write(image, bootImage(0x1234).array());
    assertThat(run(2, SMALL.formatted(""), options).err())
        .contains("has a boot record already: setup_data is 0x1234");
    assertThat(run(2, SMALL.formatted(""), "--boot-image", image.toString()).err())
        .contains("--boot-image needs --boot-image-out");
    assertThat(files()).containsExactly("bzImage", "spec.jsonc");
  }

  private static ByteBuffer bootImage(long setupData) {
    ByteBuffer image = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x202, "HdrS".getBytes(StandardCharsets.US_ASCII));
    return image
        .putShort(0x206, (short) 0x20f)
        .putLong(0x250, setupData)
        .putLong(0x258, 16 << 20)
        .putInt(0x260, 1 << 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"4K", "16K", "64K"})
  void arm64HasItsBootRecordInTheDeviceTree(String pageSize) throws IOException {
    Path tree = directory.resolve("tree.dtb");
    String spec =
        """
        { "arch": "arm64", "pageSize": "%s", "abi": "kho-v4",
          "memory": { "address": "1G", "size": "256M" },
          "scratch": [{ "address": "0x44000000", "size": "64M" }],
          "subtrees": [{ "khoTest": { "folios": [1, 0] } }] }
        """
            .formatted(pageSize);
    ConsoleOfATest alone = run(0, spec, "--json", "--dtb-out", tree.toString());
    assertThat(alone.err()).contains("has the boot record only");
    JsonNode authored = JSON.readTree(alone.out());
    BootData boot =
        ChosenNode.read(Fdt.read(MemorySegment.ofArray(Files.readAllBytes(tree)))).orElseThrow();
    assertThat(boot.fdtAddress()).isEqualTo(Long.decode(authored.get("fdt").asString()));
    assertThat(boot.pageSize().label()).isEqualTo(pageSize);
    assertThat(authored.has("bootRecord")).isFalse();

    // The tree that was written is a machine's tree, too.
    Path second = directory.resolve("second.dtb");
    assertThat(
            run(0, spec, "--force", "--dtb", tree.toString(), "--dtb-out", second.toString()).err())
        .doesNotContain("boot record");
    assertThat(Files.readAllBytes(second)).isEqualTo(Files.readAllBytes(tree));
    assertThat(run(2, SMALL.formatted(""), "--force", "--dtb-out", tree.toString()).err())
        .contains("--dtb-out is for arm64, and the spec is for x86-64");
  }

  @ParameterizedTest
  @CsvSource({"0, 511, 2", "0, 510, 1", "0, 1022, 3", "3, 8, 1"})
  void areasHaveTheChunksOfLinux(int order, int pages, int chunks) throws IOException {
    JsonNode authored =
        author(
            SMALL.formatted(
                "{\"name\": \"a\", \"vmalloc\": {\"pages\": %d, \"order\": %d, \"seed\": 9}}"
                    .formatted(pages, order)));
    JsonNode structures = authored.get("structures");
    assertThat(structures.has("/a/area 0/chunk " + (chunks - 1))).isTrue();
    assertThat(structures.has("/a/area 0/chunk " + chunks)).isFalse();
    try (PhysicalMemory memory = MemoryImages.open(ram(), new OpenOptions(null, 0))) {
      long blob = Long.decode(structures.get("/a").asString());
      Descriptor descriptor = Descriptor.at(blob, memory.read(blob, 16));
      assertThat(descriptor.totalPages()).isEqualTo(pages);
      assertThat(descriptor.order()).isEqualTo(order);
      SplittableRandom random = new SplittableRandom(9);
      for (int block = 0; block < pages >> order; block++) {
        long address = Long.decode(structures.get("/a/area 0/block " + block).asString());
        ByteBuffer data =
            memory.read(address, 4096L << order).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
          assertThat(data.getLong()).isEqualTo(random.nextLong());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'\"pages\": 8', 1",
    "'\"pages\": 8, \"order\": 1', 3",
    "'\"pages\": 8, \"flags\": 3', 3",
    "'\"pages\": 8, \"order\": 1, \"flags\": 65535', 65535"
  })
  void anAreaHasTheFlagsOfTheSpec(String keys, int flags) throws IOException {
    JsonNode authored =
        author(SMALL.formatted("{\"name\": \"a\", \"vmalloc\": {%s}}".formatted(keys)));
    try (PhysicalMemory memory = MemoryImages.open(ram(), new OpenOptions(null, 0))) {
      long blob = Long.decode(authored.get("structures").get("/a").asString());
      assertThat(Descriptor.at(blob, memory.read(blob, 16)).flags()).isEqualTo(flags);
    }
  }

  /** Single pages that may have been huge mappings: shown by inspect, and sound to verify. */
  @Test
  void flagsThatTheOrderDoesNotTellAreShown() throws IOException {
    String spec =
        SMALL.formatted("").replace("\"seed\": 1", "\"seed\": 1, \"list\": {\"flags\": %d}");
    run(0, spec.formatted(3));
    assertThat(shown("inspect"))
        .contains("folios_info: vmalloc area of 1 page, flags 0x3, 1 chunk");
    assertThat(shown("verify")).doesNotContain("flags");

    run(0, spec.formatted(7), "--force");
    assertThat(shown("verify")).contains("flags is 0x7: 0x4 is unknown");
  }

  private String shown(String command) {
    ConsoleOfATest console = ConsoleOfATest.pipe();
    new Kho(console.console, "").run(command, ram().toString(), "--base", "0");
    return console.out();
  }

  @Test
  void aRamFileCannotBeStandardOutput() throws IOException {
    Path spec = Path.of("../examples/author/luo.jsonc");
    ConsoleOfATest console = ConsoleOfATest.pipe();
    assertThat(new Kho(console.console, "").run("author", spec.toString(), "-o", "-")).isEqualTo(2);
    assertThat(console.err())
        .contains("-: standard output cannot be this file; ./- is the name of a file called -");
    assertThat(Path.of("-")).doesNotExist();
  }

  @Test
  void anythingThatASpecCanSayIsReadBack() throws IOException {
    for (int seed = 0; seed < 16; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      String[] pageSizes = {"4K", "16K", "64K"};
      int which = random.nextInt(4);
      String pageSize = which == 3 ? "4K" : pageSizes[which];
      long page = PageSize.ofLabel(pageSize).orElseThrow().bytes();
      int folios = 1 + random.nextInt(200);
      int areas = random.nextInt(3);
      StringJoiner subtrees = new StringJoiner(", ");
      subtrees.add(
          "{\"khoTest\": {\"folios\": [{\"count\": %d, \"maxOrder\": %d, \"seed\": %d}], \"seed\": %d}}"
              .formatted(folios, random.nextInt(4), seed, seed));
      for (int i = 0; i < areas; i++) {
        int order = random.nextInt(4);
        subtrees.add(
            "{\"name\": \"a%d\", \"vmalloc\": {\"pages\": %d, \"order\": %d, \"seed\": 1}}"
                .formatted(i, (1 + random.nextInt(100)) << order, order));
      }
      subtrees.add(
          "{\"reserveMem\": [{\"name\": \"r\", \"size\": %d}]}"
              .formatted(page * (1 + random.nextInt(20))));
      String spec =
          """
          { "arch": "%s", "pageSize": "%s", "abi": "%s",
            "memory": { "address": "1G", "size": "512M" },
            "scratch": [{ "address": "0x44000000", "size": "64M" }],
            "allocate": { %s },
            "subtrees": [%s] }
          """
              .formatted(
                  which == 3 ? "x86-64" : "arm64",
                  pageSize,
                  random.nextBoolean() ? "kho-v3" : "kho-v4",
                  random.nextBoolean() ? "\"scatter\": " + seed : "",
                  subtrees);
      JsonNode authored = JSON.readTree(run(0, spec, "--json", "--force").out());
      ConsoleOfATest inspected = ConsoleOfATest.pipe();
      assertThat(
              new Kho(inspected.console, "")
                  .run("inspect", ram().toString(), "--base", "1G", "--json"))
          .isZero();
      JsonNode handover = JSON.readTree(inspected.out()).get("handovers").get(0);
      assertThat(handover.get("errors")).as("seed " + seed).isEmpty();
      assertThat(handover.get("fdt")).isEqualTo(authored.get("fdt"));
      assertThat(handover.get("subtrees")).hasSize(3 + areas);
      try (PhysicalMemory memory = MemoryImages.open(ram(), new OpenOptions(null, 1 << 30))) {
        Handover found = Handovers.find(memory).getFirst();
        assertThat(found.pageSize().label()).isEqualTo(pageSize);
        var test = found.client(org.kho4j.handover.khotest.KhoTest.CLIENT).orElseThrow();
        assertThat(test.folios()).isEqualTo(folios);
        assertThat(test.data().checksumMatches()).isTrue();
      }
    }
  }

  static List<Arguments> layouts() {
    return KhoLayout.all().stream()
        .flatMap(
            layout -> Stream.of("4K", "16K", "64K").map(pageSize -> Arguments.of(layout, pageSize)))
        .toList();
  }

  /** Every layout with every page size: written, inspected with its facts, and sound. */
  @ParameterizedTest
  @MethodSource("layouts")
  void everyLayoutIsWrittenReadBackAndSound(KhoLayout layout, String pageSize) throws IOException {
    String area =
        layout.has(KhoFeature.VMALLOC)
            ? "{ \"khoTest\": { \"folios\": [0, 3], \"seed\": 1 } },"
            : "";
    run(
        """
        { "arch": "arm64", "pageSize": "%s", "abi": "%s",
          "memory": { "address": "1G", "size": "256M" },
          "scratch": [{ "address": "1G", "size": "32M" }],
          "subtrees": [
            %s
            { "reserveMem": [{ "name": "trace", "size": "1M", "seed": 2 }] } ],
          "preserve": [{ "address": "0x4e000000", "pages": 5 }] }
        """
            .formatted(pageSize, layout, area));

    JsonNode found = kho("inspect", pageSize).at("/handovers/0");
    assertThat(found.get("compatible").asString()).isEqualTo(layout.version().compatible());
    assertThat(found.get("role").asString()).isEqualTo("outgoing");
    assertThat(found.at("/preservedMap/state").asString()).isEqualTo("intact");
    assertThat(found.get("errors")).isEmpty();
    assertThat(found.get("subtrees").valueStream().map(tree -> tree.get("name").asString()))
        .hasSize(
            1
                + (layout.has(KhoFeature.VMALLOC) ? 1 : 0)
                + (layout.has(KhoFeature.METADATA) ? 1 : 0))
        .contains("memblock");
    assertThat(kho("verify", pageSize).get("findings"))
        .noneMatch(finding -> finding.get("severity").asString().equals("error"));
  }

  private JsonNode kho(String command, String pageSize) {
    ConsoleOfATest console = ConsoleOfATest.pipe();
    String[] arguments = {command, ram().toString(), "--json", "--base", "1G"};
    assertThat(new Kho(console.console, "").run(arguments)).as(console.err()).isZero();
    assertThat(JSON.readTree(console.out()).at("/source/pageSize").asString(""))
        .isIn("", Long.toString(Integer.parseInt(pageSize.replace("K", "")) * 1024L));
    return JSON.readTree(console.out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kho-v1@6.16 | { "khoTest": { "folios": [0] } } | kho-v1@6.16 (Linux 6.16 to 6.17.8) has no vmalloc areas
          kho-v1@6.17.9 | { "name": "a", "vmalloc": { "pages": 1 } } | kho-v1@6.17.9 (Linux 6.17.9 to 6.17.y) has no vmalloc areas
          kho-v1@6.18 | { "name": "a", "blob": { "text": "hello" } } | subtrees[0]: the blob is not a device tree, and kho-v1 stores no other size of a blob
          kho-v2 | { "name": "a", "blob": { "text": "hello" } } | subtrees[0]: the blob is not a device tree, and kho-v2 stores no other size of a blob
          """)
  void whatAVersionHasNoRoomForIsRefused(String abi, String subtree, String sentence)
      throws IOException {
    ConsoleOfATest console =
        run(
            2,
            """
            { "arch": "x86-64", "abi": "%s",
              "memory": { "address": 0, "size": "64M" },
              "scratch": [{ "address": "16M", "size": "8M" }],
              "subtrees": [%s] }
            """
                .formatted(abi, subtree));
    assertThat(console.err()).contains(sentence);
    assertThat(files()).noneMatch(name -> name.endsWith("ram"));
  }

  @Test
  void optionsForReadingAreRefused() throws IOException {
    assertThat(run(2, SMALL.formatted(""), "--page-size", "16K").err())
        .contains(
            "kho author takes no --page-size, which is for a command that reads one memory image");
  }

  private Path ram() {
    return directory.resolve("ram");
  }

  private Stream<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  private JsonNode author(String spec) throws IOException {
    return JSON.readTree(run(0, spec, "--json").out());
  }

  private ConsoleOfATest run(String spec) throws IOException {
    return run(0, spec);
  }

  private ConsoleOfATest run(int exit, String spec, String... options) throws IOException {
    Path file = Files.writeString(directory.resolve("spec.jsonc"), spec);
    ConsoleOfATest console = ConsoleOfATest.pipe();
    String[] args =
        Stream.concat(
                Stream.of("author", file.toString(), "-o", ram().toString()), Stream.of(options))
            .toArray(String[]::new);
    assertThat(new Kho(console.console, "").run(args)).as(console.err()).isEqualTo(exit);
    return console;
  }
}
