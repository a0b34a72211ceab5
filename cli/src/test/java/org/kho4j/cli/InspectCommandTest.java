package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class InspectCommandTest {

  private final ConsoleOfATest pipe = ConsoleOfATest.pipe();

  @TempDir Path directory;

  private int inspect(String... arguments) {
    String[] line = new String[arguments.length + 1];
    line[0] = "inspect";
    System.arraycopy(arguments, 0, line, 1, arguments.length);
    return new Kho(pipe.console, "").run(line);
  }

  private JsonNode json() {
    return new ObjectMapper().readTree(pipe.out());
  }

  /** The raw form of a capture, for tests that change bytes. */
  private Path unpacked(String capture) throws IOException {
    Path file = directory.resolve("ram");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small(capture));
        RandomAccessFile ram = new RandomAccessFile(file.toFile(), "rw")) {
      ram.setLength(memory.source().bytes());
      for (long at = 0; at < 16 << 20; at += 1 << 20) {
        byte[] bytes = memory.read(at, 1 << 20).toArray(ValueLayout.JAVA_BYTE);
        ram.seek(at);
        ram.write(bytes);
      }
    }
    return file;
  }

  private static void write(Path file, long address, byte[] bytes) throws IOException {
    try (RandomAccessFile ram = new RandomAccessFile(file.toFile(), "rw")) {
      ram.seek(address);
      ram.write(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jump-luo", "gen2-running"})
  void showsATree(String capture) throws IOException {
    Path path = Captures.packed(capture);

    assertThat(inspect(path.toString())).isZero();

    Path golden = Captures.SMALL.resolve("linux-7.3.4-" + capture + ".tree.txt");
    String tree = pipe.out().replace(path.toString(), path.getFileName().toString());
    assertThat(tree).isEqualTo(Files.readString(golden));
    assertThat(pipe.err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--ram-name ram | --ram-name needs a --ram-layout",
        "--ram-layout mtree --base 1G | --base and --ram-layout exclude each other: the layout"
            + " gives the addresses",
        "--ram-layout mtree --format elf | --ram-layout is for a raw file, not for --format elf",
        "--ram-layout no/mtree | no/mtree: no such file",
      })
  void refusesALayoutThatCannotBe(String options, String sentence) {
    String[] line = (options + " " + Captures.small("jump-luo")).split(" ", -1);

    assertThat(inspect(line)).isEqualTo(2);
    assertThat(pipe.err()).startsWith("kho: " + sentence + "\n");
  }

  @Test
  void takesTheRootThatItIsGiven() {
    String capture = Captures.small("gen2-running").toString();

    assertThat(inspect("--json", "--fdt", "0x8f6000", capture)).isZero();

    assertThat(json().path("handovers")).hasSize(1);
    assertThat(json().path("handovers").path(0).path("fdt").asString()).isEqualTo("0x8f6000");
  }

  @Test
  void anAddressWithoutARootIsAnError() {
    assertThat(inspect("--fdt", "0x8f7000", Captures.small("gen2-running").toString()))
        .isEqualTo(2);

    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err())
        .isEqualTo(
            "kho: / at 0x8f7000: there is no root FDT: no device tree with a string of \"kho-v…\"\n");
  }

  /** Structures read with another page size make no sense, and it is said which. */
  @Test
  void takesThePageSizeThatItIsGiven() {
    Path arm64 = Captures.SMALL.resolve("linux-7.3.4-arm64-16k-jump-luo.cut.elf.zst");
    assertThat(inspect("--json", "--page-size", "16K", arm64.toString())).isZero();

    assertThat(json().path("source").path("pageSize").asInt()).isEqualTo(16384);
  }

  @Test
  void addressesOfARawImageStartAtItsBase() {
    String capture = Captures.EXAMPLE.toString();

    assertThat(inspect("--json", "--base", "1G", capture)).isEqualTo(2);

    assertThat(pipe.err())
        .contains("the root FDT at 0x40492000 and its pointers", "give --base 0x0");
  }

  @Test
  void nothingFoundIsSaid() throws IOException {
    Path zeros = Files.write(directory.resolve("zeros"), new byte[1 << 20]);

    assertThat(inspect(zeros.toString())).isEqualTo(2);

    assertThat(pipe.out()).isEmpty();
    assertThat(pipe.err())
        .isEqualTo(
            ("kho: %s: no handover: no page is a sound device tree with a version of KHO (a raw image that"
                    + " does not begin at address 0 needs --base)\n")
                .formatted(zeros));
  }

  @Test
  void nothingFoundIsAnEmptyListToMachines() throws IOException {
    Path zeros = Files.write(directory.resolve("zeros"), new byte[1 << 20]);

    assertThat(inspect("--json", zeros.toString())).isEqualTo(2);

    assertThat(json().path("handovers")).isEmpty();
    assertThat(json().path("source").path("pageSize").asInt()).isEqualTo(4096);
  }

  @Test
  void aBrokenPartIsAnErrorBesideTheRest() throws IOException {
    Path ram = unpacked("jump-luo");
    // The magic number of kho_test's tree.
    write(ram, 0x55a000, new byte[4]);

    assertThat(inspect("--json", ram.toString())).isZero();

    JsonNode handover = json().path("handovers").path(0);
    assertThat(handover.path("subtrees")).hasSize(4);
    assertThat(handover.path("errors")).hasSize(1);
    assertThat(handover.path("errors").path(0).path("path").asString()).isEqualTo("/kho_test");
    assertThat(handover.path("errors").path(0).path("address").asString()).isEqualTo("0x55a000");
  }

  @Test
  void aVersionThatIsNoneIsRefusedByName() throws IOException {
    Path ram = unpacked("jump-luo");
    byte[] root = readPage(ram, 0x512000);
    int version = new String(root, StandardCharsets.ISO_8859_1).indexOf("kho-v4");
    write(ram, 0x512000 + version + 5, "x".getBytes(StandardCharsets.US_ASCII));

    assertThat(inspect(ram.toString())).isEqualTo(2);

    assertThat(pipe.out()).contains("/ at 0x512000: compatible \"kho-vx\" is none of [kho-v1");
  }

  private static byte[] readPage(Path file, long address) throws IOException {
    byte[] page = new byte[4096];
    try (RandomAccessFile ram = new RandomAccessFile(file.toFile(), "r")) {
      ram.seek(address);
      ram.readFully(page);
    }
    return page;
  }

  @Test
  void aBrokenRootIsNamed() throws IOException {
    Path ram = unpacked("jump-luo");
    write(ram, 0x512000 + 56, new byte[] {0x77, 0x77, 0x77, 0x77});

    assertThat(inspect(ram.toString())).isEqualTo(2);

    assertThat(pipe.err())
        .contains("kho: a page that looks like a root FDT cannot be read: / at 0x512038: ");
  }

  /** One block of 51 sessions without files, in place of the capture's own. */
  private Path manySessions() throws IOException {
    Path ram = unpacked("jump-luo");
    ByteBuffer luo = ByteBuffer.wrap(readPage(ram, 0x698000)).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN).putLong(8, 51);
    for (int i = 0; i < 51; i++) {
      block.put(16 + 80 * i, "session-%02d".formatted(i).getBytes(StandardCharsets.US_ASCII));
    }
    write(ram, luo.getLong(16), block.array());
    return ram;
  }

  @Test
  void longListsAreCutShort() throws IOException {
    assertThat(inspect(manySessions().toString())).isZero();

    assertThat(pipe.out())
        .contains(
            "session session-39, 0 files", "and 11 more sessions: --all", "in all 51 sessions")
        .doesNotContain("session-40");
  }

  @Test
  void allOfALongListIsShownOnRequest() throws IOException {
    assertThat(inspect("--all", manySessions().toString())).isZero();

    assertThat(pipe.out()).contains("session session-50, 0 files").doesNotContain("more sessions");
  }

  /** The names of sessions are the user's; here one clears the screen. */
  @ParameterizedTest
  @ValueSource(strings = {"text", "terminal", "json"})
  void noNameCanDriveATerminal(String form) throws IOException {
    Path ram = unpacked("jump-luo");
    byte[] memory = Files.readAllBytes(ram);
    String evil = "\33[2J\33]0;x\7\u009b31m";
    byte[] name = "kexec_multi_state".getBytes(StandardCharsets.US_ASCII);
    for (int at = 0; at < 16 << 20; at++) {
      if (memory[at] == name[0] && Arrays.equals(memory, at, at + 17, name, 0, 17)) {
        write(ram, at, evil.getBytes(StandardCharsets.UTF_8));
      }
    }
    ConsoleOfATest console =
        form.equals("terminal") ? ConsoleOfATest.terminal() : ConsoleOfATest.pipe();

    String[] line =
        form.equals("json")
            ? new String[] {"inspect", "--json", ram.toString()}
            : new String[] {"inspect", ram.toString()};
    assertThat(new Kho(console.console, "").run(line)).isZero();

    assertThat(console.out()).contains(form.equals("json") ? "\\u001B[2J" : "\\x1b[2J");
    String ours = console.out().replaceAll("\33\\[[0-9;]*m", "");
    assertThat(ours).doesNotContain("\33", "\7", "\u009b");
  }
}
