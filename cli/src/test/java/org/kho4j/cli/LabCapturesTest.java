package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.InspectShape;
import org.kho4j.cli.captures.MemfdContent;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Captures that the lab made, against what the kernel showed and what its guest was told to do. */
class LabCapturesTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  static List<Path> captures() {
    return Captures.lab();
  }

  private static JsonNode facts(Path capture) throws IOException {
    String facts = capture.toString().replace(".elf.zst", ".json");
    return MAPPER.readTree(Files.readString(Path.of(facts)));
  }

  private static JsonNode inspect(Path source, String... options) throws IOException {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    List<String> line = new ArrayList<>(List.of("inspect", "--json", source.toString()));
    line.addAll(List.of(options));
    assertThat(new Kho(pipe.console, "").run(line.toArray(String[]::new))).as(pipe.err()).isZero();
    JsonNode found = MAPPER.readTree(pipe.out());
    InspectShape.check(found);
    return found;
  }

  @ParameterizedTest
  @MethodSource("captures")
  void hasWhatTheKernelShowedInDebugfs(Path capture) throws IOException {
    JsonNode facts = facts(capture);
    JsonNode found = inspect(capture);
    assertThat(found.path("source").path("pageSize")).isEqualTo(facts.path("pageSize"));
    assertThat(found.path("handovers")).hasSize(1);
    JsonNode handover = found.path("handovers").path(0);
    assertThat(handover.path("role").asString()).isEqualTo("outgoing");
    assertThat(handover.path("errors")).isEmpty();

    Map<String, String> shown = new TreeMap<>();
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      // The kernel shows as much of it as there was when the file was made.
      assertThat(hex(memory, handover.path("fdt"), handover.path("totalSize")))
          .startsWith(facts.path("debugfs").path("fdt").asString());
      for (JsonNode subtree : handover.path("subtrees")) {
        if (!subtree.has("luo")) {
          String name = "sub_fdts/" + subtree.path("name").asString();
          shown.put(name, hex(memory, subtree.path("data"), subtree.path("size")));
        }
        if (subtree.has("metadata")) {
          assertThat(subtree.path("metadata").path("previousRelease"))
              .isEqualTo(facts.path("release"));
        }
        if (subtree.has("khoTest")) {
          assertThat(subtree.path("khoTest").path("checksum").asString()).isEqualTo("match");
        }
      }
    }
    Map<String, String> kernels = new TreeMap<>();
    facts
        .path("debugfs")
        .properties()
        .forEach(file -> kernels.put(file.getKey(), file.getValue().asString()));
    assertThat(kernels.remove("fdt")).hasSizeGreaterThan(400);
    assertThat(shown).isEqualTo(kernels);
  }

  private static String hex(PhysicalMemory memory, JsonNode address, JsonNode size) {
    byte[] bytes =
        memory.read(Long.decode(address.asString()), size.asLong()).toArray(ValueLayout.JAVA_BYTE);
    return HexFormat.of().formatHex(bytes);
  }

  @ParameterizedTest
  @MethodSource("captures")
  void hasTheSessionsThatTheGuestWasTold(Path capture) throws IOException {
    Map<String, String> told = new TreeMap<>();
    for (JsonNode session : facts(capture).path("sessions")) {
      for (JsonNode file : session.path("files")) {
        told.put(
            session.path("name").asString() + " " + file.path("token").asLong(),
            "%d bytes, seals %d, %s"
                .formatted(
                    file.path("size").asLong(),
                    file.path("seals").asInt(),
                    file.path("sha256").asString()));
      }
    }

    Map<String, String> found = new TreeMap<>();
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      Handover handover = Handovers.find(memory).getFirst();
      LiveUpdate luo = handover.client(LiveUpdate.CLIENT).orElseThrow();
      luo.sessions()
          .forEach(session ->
              session
                  .files()
                  .forEach(file -> {
                    Memfd memfd = file.as(Memfd.HANDLER).orElseThrow();
                    // A kernel adds F_SEAL_EXEC by itself where memfds are not executable.
                    found.put(
                        session.name() + " " + file.token(),
                        "%d bytes, seals %d, %s"
                            .formatted(
                                memfd.size(),
                                memfd.seals().orElse(0) & 0x1f,
                                MemfdContent.sha256(memfd)));
                  }));
    }
    assertThat(found).isEqualTo(told);
  }

  @ParameterizedTest
  @MethodSource("captures")
  void hasNoFinding(Path capture) throws IOException {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    assertThat(new Kho(pipe.console, "").run("verify", "--json", capture.toString()))
        .as(pipe.err())
        .isZero();
    assertThat(MAPPER.readTree(pipe.out()).path("findings")).isEmpty();
  }

  /** What /proc/meminfo said was in huge folios, and nothing else is. */
  @Test
  void hugeFoliosAreThoseThatTheKernelCounted() throws IOException {
    Path capture = capture("x86_64-7.3-huge-folios");
    long huge = 0;
    for (JsonNode orders :
        inspect(capture).findValues("memfd").stream().map(memfd -> memfd.path("orders")).toList()) {
      huge += orders.path("9").asLong();
    }
    assertThat(huge << 21).isPositive().isEqualTo(facts(capture).path("shmemHugeBytes").asLong());
  }

  /** 16 bytes a folio, and 511 pages a chunk. */
  @Test
  void aLargeListTakesSeveralChunks() throws IOException {
    Path capture = capture("x86_64-7.3-large-memfd");
    JsonNode memfd = inspect(capture).findValue("memfd");
    long folios = facts(capture).findValue("size").asLong() / 4096;
    assertThat(memfd.path("folios").asLong()).isEqualTo(folios);
    JsonNode list = memfd.path("foliosInfo");
    assertThat(list.path("totalPages").asLong()).isEqualTo(folios * 16 / 4096);
    assertThat(list.path("chunks").asLong()).isEqualTo(2);
  }

  /** The RAM file as that guest had it, with a hole below 4 GiB, and what QEMU said of it. */
  @Test
  void readsTheRamFileByItsLayout(@TempDir Path directory) throws IOException {
    Path capture = capture("x86_64-7.3-above-the-hole");
    Path ram = directory.resolve("ram");
    long hole = 1L << 30;
    long[] above = new long[1];
    try (PhysicalMemory memory = MemoryImages.open(capture);
        RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.setLength(5L << 30);
      memory.forEachRange((address, length) -> {
        boolean high = address >= 4L << 30;
        above[0] += high ? length : 0;
        try {
          file.seek(high ? address - hole : address);
          file.write(memory.read(address, length).toArray(ValueLayout.JAVA_BYTE));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    }
    assertThat(above[0]).isGreaterThan(8 << 20);
    Path layout =
        Files.writeString(directory.resolve("mtree"), facts(capture).path("layout").asString());

    JsonNode core = inspect(capture);
    JsonNode raw = inspect(ram, "--ram-layout", layout.toString());

    assertThat(raw.path("source").path("kind").asString()).isEqualTo("raw");
    // The core names its machine, which has one page size.
    assertThat(((ObjectNode) raw.path("handovers").get(0)).remove("pageSizeEvidence")).isNotNull();
    assertThat(raw.path("handovers")).isEqualTo(core.path("handovers"));
  }

  private static Path capture(String name) {
    return captures().stream()
        .filter(path -> path.endsWith(name + ".elf.zst"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void thereAreCapturesOfEveryKind() {
    assertThat(captures())
        .extracting(path -> path.getFileName().toString().replace(".elf.zst", ""))
        .containsExactly(
            "arm64-7.3-64k-moments",
            "x86_64-7.1-many-sessions",
            "x86_64-7.1-moments",
            "x86_64-7.2-moments",
            "x86_64-7.3-above-the-hole",
            "x86_64-7.3-huge-folios",
            "x86_64-7.3-large-memfd",
            "x86_64-7.3-many-sessions");
  }
}
