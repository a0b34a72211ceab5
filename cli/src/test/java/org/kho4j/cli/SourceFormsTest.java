package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** One handover, out of every form that a source may have. */
class SourceFormsTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int ROOM = 16 << 20;

  @TempDir private Path directory;
  private byte[] ram;
  private Path source;

  @BeforeEach
  void unpack() throws IOException {
    source = directory.resolve("source");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"))) {
      ram = memory.read(0, ROOM).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private JsonNode handovers(Object... options) throws IOException {
    Path plain = Files.write(directory.resolve("plain"), ram);
    JsonNode expected = MAPPER.readTree(kho(0, "inspect", "--json", plain).out());
    Object[] line =
        Stream.concat(Stream.of("inspect", "--json", source), Stream.of(options)).toArray();
    JsonNode inspected = MAPPER.readTree(kho(0, line).out());
    assertThat(inspected.get("handovers")).isEqualTo(expected.get("handovers"));
    return inspected;
  }

  private void behind(int header) throws IOException {
    byte[] bytes = new byte[header + ram.length];
    System.arraycopy(ram, 0, bytes, header, ram.length);
    Files.write(source, bytes);
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 12288, 512, 64, 4096 + 60})
  void noticesAHeaderInFrontOfRawMemory(int header) throws IOException {
    behind(header);

    assertThat(kho(2, "inspect", source).err())
        .contains(
            ("%s: the root FDT at 0x%x and its pointers fit together if memory begins after a"
                    + " header: give --skip %d")
                .formatted(source, 0x512000 + header, header));
    handovers("--skip", header);
  }

  /** The image is sound, and the option is not. */
  @Test
  void noticesAWrongBase() throws IOException {
    Files.write(source, ram);

    assertThat(kho(2, "inspect", source, "--base", "8K").err())
        .contains("if the image begins at another address: give --base 0x0")
        .doesNotContain("--skip");
  }

  /** LiME's raw format of a PC begins so. */
  @ParameterizedTest
  @ValueSource(ints = {4096, 0x9f000})
  void noticesAnImageThatDoesNotBeginAtItsBase(int missing) throws IOException {
    Files.write(source, Arrays.copyOfRange(ram, missing, ram.length));

    assertThat(kho(2, "inspect", source).err())
        .contains("if the image begins at another address: give --base 0x%x".formatted(missing));
    handovers("--base", missing);
  }

  @Test
  void refusesABaseForADumpWithAddresses() throws IOException {
    Path capture = Captures.small("arm64-16k-jump-luo");
    assertThat(kho(2, "inspect", capture, "--base", "1G").err())
        .isEqualTo(
            "kho: "
                + capture
                + " is of the form elf, which records addresses: a base (0x40000000) is for raw"
                + " memory\n");
  }

  /** From here on a header is no header. */
  @Test
  void noticesNoHeaderOfMoreThanAMegabyte() throws IOException {
    behind((1 << 20) + 64);

    assertThat(kho(2, "inspect", source).err()).contains("no handover");
  }

  @Test
  void readsLime() throws IOException {
    ByteBuffer lime = ByteBuffer.allocate(2 * 32 + ROOM).order(ByteOrder.LITTLE_ENDIAN);
    int first = 0x300000;
    lime.putInt(0x4c694d45).putInt(1).putLong(0).putLong(first - 1).putLong(0);
    lime.put(ram, 0, first);
    lime.putInt(0x4c694d45).putInt(1).putLong(first).putLong(ROOM - 1).putLong(0);
    lime.put(ram, first, ROOM - first);
    Files.write(source, lime.array());

    assertThat(handovers().at("/source/kind").asString()).isEqualTo("lime");
  }

  /**
   * LiME wrote it in a guest whose RAM was a file outside: the digests are of what was extracted
   * from that file at the same time.
   */
  @Test
  void readsWhatLimeWrote() throws IOException {
    Path lime = Captures.SMALL.resolve("dumps/kho-test.lime.zst");

    assertThat(kho(0, "verify", lime).out())
        .startsWith("0 errors, 0 warnings; checked: 1 handover");
    assertThat(kho(0, "inspect", lime).out()).contains("7 folios, 256 KiB, checksum matches");
    kho(0, "extract", lime, "--subtree", "kho_test", "-o", directory.resolve("kho_test"));
    assertThat(sha256("kho_test"))
        .isEqualTo("34f853fbe0e2c107bb33ba9132e7915b4b1bec108d73feb6c70cd9a8bfe3f6ae");
    kho(0, "extract", lime, "--reserve-mem", "trace", "-o", directory.resolve("trace"));
    assertThat(sha256("trace"))
        .isEqualTo("30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58");
  }

  private String sha256(String file) throws IOException {
    try {
      byte[] bytes = Files.readAllBytes(directory.resolve(file));
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void readsAPipe() throws IOException, InterruptedException {
    assumeTrue(new ProcessBuilder("mkfifo", source.toString()).start().waitFor() == 0, "mkfifo");
    write();

    assertThat(handovers().at("/source/path").asString()).isEqualTo(source.toString());

    write();
    assertThat(kho(2, "inspect", source, "--spool-limit", "1M").err())
        .isEqualTo("kho: " + source + " has more than 1048576 bytes, the limit of the copy\n");
  }

  private void write() {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (OutputStream out = Files.newOutputStream(source)) {
            out.write(ram);
          } catch (IOException e) {
            // The reader refused it.
          }
        });
  }

  @ParameterizedTest
  @CsvSource({"--skip, -1", "--skip, x", "--spool-limit, 0xffffffffffffffff"})
  void refusesOptionsThatAreNoSizes(String option, String size) throws IOException {
    Files.write(source, ram);

    assertThat(kho(2, "inspect", source, option, size).err()).startsWith("kho: ");
  }

  @Test
  void refusesAHeaderInFrontOfAnotherForm() throws IOException {
    Files.write(source, ram);

    assertThat(kho(2, "inspect", source, "--skip", "64", "--format", "elf").err())
        .contains("--skip is for raw memory, not for --format elf");
  }
}
