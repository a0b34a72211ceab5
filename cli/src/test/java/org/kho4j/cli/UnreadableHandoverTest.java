package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.kernel;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** No command says that a kernel has taken a handover that it cannot read. */
class UnreadableHandoverTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final long ROOT = 0x512000;

  @TempDir private Path directory;
  private Path ram;

  @BeforeEach
  void unpack() throws IOException {
    ram = directory.resolve("ram");
    Captures.writeBeginning(ram);
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
        .contains("cannot be read", "error /preserved-memory-map")
        .doesNotContain("consumed", "incoming");

    JsonNode document = json(1, "verify", ram, "--json");
    assertThat(document.at("/checked/notChecked").toString())
        .contains("the page size, taken as 4K: with no page size does the map preserve");
    JsonNode verified = document.at("/handovers/0");
    assertThat(verified.get("role").asString()).isEqualTo("unknown");
    assertThat(verified.get("state").asString()).isEqualTo("unreadable");
    assertThat(verified.get("because").asString()).contains(reason);

    assertThat(kho(1, "diff", ram, ram).out())
        .contains("the map cannot be read: ")
        .doesNotContain("consumed", "incoming");
    assertThat(kho(1, "report", ram, "-o", "-").out())
        .contains(">cannot be read<")
        .doesNotContain(">consumed<", ">Incoming<", "Consumed already");
    assertThat(kho(0, "who", ram, "0x512000").out())
        .contains("page size  4K, perhaps: with no page size does the map preserve");
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

  /** What the map says of the root FDT's page is sound: the rest of the map is shown. */
  @Test
  void aSlotThatLeadsNowhereDamagesTheMap() throws IOException {
    String map = json(0, "inspect", ram, "--json").at("/handovers/0/preservedMap/root").asString();
    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.seek(Long.decode(map) + 3 * Long.BYTES);
      file.writeLong(Long.reverseBytes(1L << 40));
    }

    JsonNode inspected = json(1, "inspect", ram, "--json").at("/handovers/0");
    JsonNode verified = json(1, "verify", ram, "--json").at("/handovers/0");
    String because = inspected.at("/preservedMap/because").asString();
    assertThat(because).startsWith("/preserved-memory-map/node of level 4 at 0x10000000000: ");
    assertThat(inspected.at("/preservedMap/state").asString()).isEqualTo("damaged");
    assertThat(inspected.at("/preservedMap/nodes").asInt()).isGreaterThan(20);
    assertThat(inspected.get("errors")).hasSize(1);
    assertThat(verified.get("state").asString()).isEqualTo("damaged");
    assertThat(verified.get("because").asString()).isEqualTo(because);
    assertThat(kho(1, "inspect", ram).out()).contains(" nodes, damaged\n");
    assertThat(kho(1, "report", ram, "-o", "-").out()).contains(">damaged<");
    assertThat(kho(1, "diff", ram, ram).out())
        .contains(because.substring(0, because.indexOf(" at ")));
    assertThat(kho(1, "preflight", "--from", ram, "--to", kernel("7.3")).out())
        .startsWith("panic: ")
        .contains("note: not checked: what is preserved: the map is broken\n");
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

  /** Of a handover that was taken nothing is handed over, of one that cannot be read who knows. */
  @Test
  void preflightTakesTheVerdictOfVerify() throws IOException {
    Path taken = Captures.small("gen2-running");
    assertThat(
            kho(2, "preflight", "--from", taken, "--fdt", "0x4f0000", "--to", kernel("7.3")).err())
        .matches(
            Pattern.quote("kho: " + taken)
                + ": the handover at 0x4f0000 hands nothing over, because a kernel has consumed"
                + " it: its kexec count is \\d+, and that of the outgoing handover at 0x\\w+"
                + " is \\d+\n");

    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.setLength(ROOT + 0x1000);
    }
    JsonNode report = Preflights.json(1, "--from", ram, "--to", kernel("7.3"));
    assertThat(Preflights.component(report, "kho").get("verdict").asString()).isNotEqualTo("ok");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "verify"})
  void aBootRecordThatNamesGarbageIsTheFault(String command) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.seek(ROOT);
      file.write(new byte[4096]);
      byte[] record =
          ByteBuffer.allocate(48)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(0)
              .putInt(10)
              .putInt(32)
              .putLong(ROOT)
              .putLong(4096)
              .putLong(0x9000)
              .putLong(16)
              .array();
      file.seek(0x8000);
      file.write(record);
    }

    assertThat(kho(2, command, ram, "--setup-data", "0x8000").err())
        .contains("/boot-record at 0x8000: it names 0x512000 as the root FDT, but the next kernel")
        .doesNotContain("--base");
  }

  /** As after the jump: boot parameters that lead to the record, and a copy of the array. */
  @Test
  void scratchIsFoundAndShown() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      ByteBuffer page = ByteBuffer.allocate(4096 + 48 + 16).order(ByteOrder.LITTLE_ENDIAN);
      page.putShort(0x1fe, (short) 0xaa55).putInt(0x202, 0x53726448).putLong(0x250, 0x9000);
      page.putInt(4096 + 8, 10).putInt(4096 + 12, 32).putLong(4096 + 16, ROOT);
      page.putLong(4096 + 24, 4096).putLong(4096 + 32, 0x9030).putLong(4096 + 40, 16);
      page.putLong(4096 + 48, 0x1c00000).putLong(4096 + 56, 0x400000);
      file.seek(0x8000);
      file.write(page.array());
      file.setLength(64 << 20);
    }

    JsonNode inspected = json(0, "inspect", ram, "--json").at("/handovers/0/scratch");
    assertThat(inspected.toString())
        .isEqualTo(
            "{\"bytes\":4194304,\"memoryBytes\":67108864,\"bootRecord\":\"0x9000\","
                + "\"regions\":[{\"address\":\"0x1c00000\",\"size\":4194304}]}");
    assertThat(kho(0, "inspect", ram).out())
        .contains(
            "├─ scratch: 4 MiB in 1 region, 6.3 % of 64 MiB: only movable pages can lie there, none that a device pins"
                + " (boot record found at 0x9000)");
    assertThat(kho(1, "verify", ram).out())
        .contains("SCRATCH-008 /scratch at 0x9030: 1 region takes ")
        .doesNotContain("not checked: scratch");
  }
}
