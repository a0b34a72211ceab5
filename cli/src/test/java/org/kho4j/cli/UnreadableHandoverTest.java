package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** No command says that a kernel has taken a handover that it cannot read. */
class UnreadableHandoverTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final long ROOT = 0x512000;
  private static final int ROOM = 16 << 20;

  @TempDir private Path directory;
  private Path ram;

  @BeforeEach
  void unpack() throws IOException {
    ram = directory.resolve("ram");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"))) {
      Files.write(ram, memory.read(0, ROOM).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private static ConsoleOfATest kho(int exit, Object... arguments) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    List<String> line = new ArrayList<>();
    for (Object argument : arguments) {
      line.add(argument.toString());
    }
    assertThat(new Kho(pipe.console, "").run(line.toArray(String[]::new)))
        .as("%s%n%s", pipe.err(), pipe.out())
        .isEqualTo(exit);
    return pipe;
  }

  private static JsonNode json(int exit, Object... arguments) {
    return MAPPER.readTree(kho(exit, arguments).out());
  }

  private void cannotBeRead(String reason) throws IOException {
    JsonNode inspected = json(1, "inspect", ram, "--json").at("/handovers/0");
    assertThat(inspected.get("role").asString()).isEqualTo("unknown");
    assertThat(inspected.at("/preservedMap/state").asString()).isEqualTo("unreadable");
    assertThat(inspected.at("/preservedMap/because").asString()).contains(reason);
    assertThat(kho(1, "inspect", ram).out())
        .contains("cannot be read", "error /preserved-memory-map at 0x")
        .doesNotContain("consumed", "incoming");

    JsonNode verified = json(1, "verify", ram, "--json").at("/handovers/0");
    assertThat(verified.get("role").asString()).isEqualTo("unknown");
    assertThat(verified.get("state").asString()).isEqualTo("unreadable");
    assertThat(verified.get("because").asString()).contains(reason);

    assertThat(kho(1, "diff", ram, ram).out())
        .contains("the map cannot be read: ")
        .doesNotContain("consumed", "incoming");
    assertThat(kho(1, "report", ram, "-o", "-").out())
        .contains(">cannot be read<")
        .doesNotContain(">consumed<", ">Incoming<", "Taken already");
    kho(2, "convert", ram, "--abi", "7.1", "-o", directory.resolve("converted"));
  }

  @Test
  void aDamagedMapPointerIsAFault() throws IOException {
    String map = json(0, "inspect", ram, "--json").at("/handovers/0/preservedMap/root").asString();
    byte[] page = Files.readAllBytes(ram);
    ByteBuffer bytes = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    int at = (int) ROOT;
    while (bytes.getLong(at) != Long.decode(map)) {
      at++;
    }
    bytes.putLong(at, 0x300000);
    Files.write(ram, page);

    cannotBeRead("");
  }

  @Test
  void aFileThatWasCutOffLacksTheMap() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.setLength(ROOT + 0x1000);
    }

    cannotBeRead("has no memory at 0x513000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "verify", "diff", "report", "extract"})
  void aWrongPageSizeIsRefused(String command) {
    List<Object> line = new ArrayList<>(List.of(command, ram, "--page-size", "16K"));
    switch (command) {
      case "diff" -> line.add(ram);
      case "report" -> line.addAll(List.of("-o", "-"));
      case "extract" -> line.addAll(List.of("--subtree", "LUO", "-o", "-"));
      default -> {}
    }

    assertThat(kho(2, line.toArray()).err())
        .contains("--page-size 16K: the pages of the handover at 0x512000 in ", " have 4K");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "verify", "diff", "report"})
  void theBaseOfARawImageFollowsFromThePointers(String command) throws IOException {
    Path spec =
        Files.writeString(
            directory.resolve("spec.jsonc"),
            """
            {
              "arch": "arm64",
              "memory": { "address": "0x40000000", "size": "64M" },
              "scratch": [{ "address": "0x42000000", "size": "16M" }],
              "subtrees": [{ "khoTest": { "folios": [0, 5], "seed": 64 } }]
            }
            """);
    Path arm64 = directory.resolve("arm64");
    kho(0, "author", spec, "-o", arm64);
    List<Object> line = new ArrayList<>(List.of(command, arm64));
    switch (command) {
      case "diff" -> line.add(arm64);
      case "report" -> line.addAll(List.of("-o", "-"));
      default -> {}
    }

    assertThat(kho(2, line.toArray()).err()).contains("give --base 0x40000000");
  }

  @Test
  void aTakenHandoverIsNoFault() {
    Path second = Captures.small("gen2-running");

    assertThat(kho(0, "inspect", second).out())
        .contains("consumed", "consumed /preserved-memory-map at 0x")
        .doesNotContain("error /");
    assertThat(kho(0, "inspect", second, "--fdt", "0x4f0000").out())
        .contains("handover, incoming")
        .doesNotContain("error /");
    JsonNode map = json(0, "inspect", second, "--json").at("/handovers/0/preservedMap");
    assertThat(map.get("because").asString())
        .contains("its kexec count is ", "and that of the outgoing handover at 0x");
  }
}
