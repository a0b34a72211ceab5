package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.and;
import static org.kho4j.cli.Preflights.component;
import static org.kho4j.cli.Preflights.json;
import static org.kho4j.cli.Preflights.kernel;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** A machine of 256 MiB with one scratch region of 64 MiB at 64 MiB. */
class PreflightLoadTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final String SPEC =
      """
      { "arch": "x86-64", "memory": { "address": 0, "size": "256M" },
        "scratch": [{ "address": "0x4000000", "size": "64M" }],
        "subtrees": [{ "khoTest": { "folios": [0, 3], "seed": 1 } }] }
      """;

  @TempDir private Path directory;

  private Path next;
  private Path initrd;
  private Object[] line;
  private String bootRecord;

  @BeforeEach
  void machine() throws Exception {
    Path spec = Files.writeString(directory.resolve("spec.json"), SPEC);
    Path ram = directory.resolve("ram");
    JsonNode authored = MAPPER.readTree(kho(0, "author", spec, "-o", ram, "--json").out());
    bootRecord = authored.at("/structures/~1boot-record").asString();
    next = directory.resolve("next.json");
    ObjectNode profile = (ObjectNode) MAPPER.readTree(kernel("7.3"));
    profile.putObject("footprint").put("bytes", 0xc6f000).put("alignment", 2 << 20);
    Files.writeString(next, profile.toString());
    initrd = directory.resolve("initrd");
    line = new Object[] {"--from", ram, "--to", next, "--cmdline", "kho=on", "--initrd", initrd};
  }

  private void initrd(long bytes) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(initrd.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  private static String verdict(JsonNode report) {
    return component(report, "load").get("verdict").asString();
  }

  @Test
  void anInitrdThatFitsIsFine() throws Exception {
    initrd(32 << 20);
    JsonNode report = json(0, and(line, "--setup-data", bootRecord));
    assertThat(verdict(report)).isEqualTo("ok");
  }

  @Test
  void anInitrdThatDoesNotFitIsALoss() throws Exception {
    initrd(56 << 20);
    JsonNode report = json(1, and(line, "--setup-data", bootRecord));
    assertThat(report.get("verdict").asString()).isEqualTo("lost");
    assertThat(component(report, "load").get("because").asString())
        .startsWith("kexec refuses the load, and nothing is handed over: 64.0 MiB of scratch");
  }

  @Test
  void withoutTheBootRecordTheAnswerIsUnknown() throws Exception {
    initrd(1);
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve("ram").toFile(), "rw")) {
      file.seek(Long.decode(bootRecord));
      file.write(new byte[48]);
    }
    JsonNode report = json(1, line);
    assertThat(verdict(report)).isEqualTo("unknown");
    assertThat(report.has("scratch")).isFalse();
  }

  @Test
  void scratchIsInTheReport() throws Exception {
    initrd(1);
    Object[] all = and(line, "--setup-data", bootRecord);
    JsonNode scratch = json(0, all).get("scratch");
    assertThat(scratch.get("bytes").asLong()).isEqualTo(64 << 20);
    assertThat(scratch.get("memoryBytes").asLong()).isEqualTo(256 << 20);
    assertThat(scratch.at("/regions/0/address").asString()).isEqualTo("0x4000000");
    assertThat(scratch.at("/regions/0/size").asLong()).isEqualTo(64 << 20);
    assertThat(kho(0, and(new Object[] {"preflight"}, all)).out())
        .contains(
            "scratch: 64 MiB in 1 region, 25.0 % of 256 MiB: only movable pages can lie there, none"
                + " that a device pins\n");
  }

  @Test
  void aDirectoryIsNoInitrd() {
    assertThat(kho(2, "preflight", "--from", next, "--to", next, "--initrd", directory).err())
        .contains(directory + ": is not a file, so not an initrd");
  }
}
