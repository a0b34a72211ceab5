package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.ALL_ON;
import static org.kho4j.cli.Preflights.BASE;
import static org.kho4j.cli.Preflights.SMALL;
import static org.kho4j.cli.Preflights.TRACE;
import static org.kho4j.cli.Preflights.and;
import static org.kho4j.cli.Preflights.component;
import static org.kho4j.cli.Preflights.json;
import static org.kho4j.cli.Preflights.kernel;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.cli.captures.Captures;
import tools.jackson.databind.JsonNode;

/** The kernels and memory images that {@code kho preflight} takes. */
class PreflightSourcesTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"linux-7.3-4k, x86-64, arm64-4k", "linux-7.3-64k, arm64, 7.3"})
  void aMemoryImageOfAnotherArchitectureIsSaidToBeOne(String vector, String of, String to) {
    Path memory = BASE.resolve("../vectors/handover").resolve(vector + ".elf.zst");
    assertThat(kho(2, "preflight", "--from", memory, "--to", kernel(to)).err())
        .startsWith("kho: " + memory + " is for " + of + ", but " + kernel(to) + " is for ");
    String writer =
        kho(2, "preflight", "--from", memory, "--from-kernel", kernel(to), "--to", kernel(to))
            .err();
    assertThat(writer).contains("kexec cannot change the architecture");
  }

  @Test
  void aKernelThatIsZstdAsAWholeIsTakenOnBothSides() {
    Path packed = SMALL.resolve("small.elf.zst");
    for (String name :
        List.of("small.elf.zst", "small.elf.gz", "small.elf.x86.xz", "small.elf.lz4")) {
      JsonNode report = json(1, "--from", SMALL.resolve(name), "--to", packed, "--cmdline", ALL_ON);
      assertThat(component(report, "kho").get("verdict").asString()).isEqualTo("ok");
      assertThat(component(report, "kho").get("from").asString()).isEqualTo("kho-v4");
    }
  }

  @Test
  void whatIsNeitherKernelNorMemoryIsSaidToBeNeither() throws Exception {
    Path zeros = Files.write(directory.resolve("zeros"), new byte[1 << 16]);
    assertThat(kho(2, "preflight", "--from", zeros, "--to", kernel("7.3")).err())
        .contains("no known form of kernel", "; nor is it a memory image: ", "no handover");
  }

  @Test
  void oneReasonIsGivenOnce() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty"));
    assertThat(kho(2, "preflight", "--from", empty, "--to", kernel("7.3")).err())
        .isEqualTo("kho: " + empty + " is empty: no memory image has 0 bytes\n");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aMemoryImageMayBeAPipe() throws Exception {
    Path pipe = directory.resolve("pipe");
    assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "mkfifo");

    write(Captures.EXAMPLE, pipe);
    json(0, "--from", pipe, "--to", kernel("7.3"), "--cmdline", TRACE);

    write(kernel("7.3"), pipe);
    assertThat(kho(2, "preflight", "--from", pipe, "--to", kernel("7.3")).err())
        .contains("no handover")
        .endsWith("; a kernel or a JSON document has to be a regular file\n");
  }

  private static void write(Path file, Path pipe) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (OutputStream out = Files.newOutputStream(pipe)) {
            Files.copy(file, out);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @Test
  void theWriterOfAMemoryImageBringsLayoutsAndNotVersions() {
    JsonNode report =
        json(
            1,
            "--from",
            Captures.EXAMPLE,
            "--from-kernel",
            kernel("kho-test-v2"),
            "--to",
            kernel("kho-test-v2"),
            "--cmdline",
            TRACE);
    assertThat(component(report, "kho_test").get("from").asString()).isEqualTo("kho-test-v1");
    assertThat(report.get("notes").valueStream().map(JsonNode::asString))
        .contains(
            "the memory has kho-test-v1 of kho_test, but %s has kho-test-v2"
                .formatted(kernel("kho-test-v2")));
  }

  /** A kernel writes sessions at the jump; the document of the image says as much as the image. */
  @Test
  void aRunningGuestDoesNotShowItsFiles() throws Exception {
    Path image = Captures.small("gen2-running");
    Path document =
        Files.writeString(directory.resolve("r.json"), kho(0, "inspect", image, "--json").out());
    for (Path from : List.of(image, document)) {
      for (String to : List.of("7.3", "memfd-off")) {
        boolean off = to.equals("memfd-off");
        JsonNode report = json(off ? 1 : 0, "--from", from, "--to", kernel(to), "--cmdline", TRACE);
        assertThat(report.get("verdict").asString()).isEqualTo(off ? "unknown" : "ok");
        assertThat(report.get("notes").valueStream().map(JsonNode::asString))
            .anyMatch(note -> note.startsWith("the handover has no LUO sessions: "));
      }
    }
  }

  @Test
  void aWriterWithPagesOfAnotherSizeIsRefused() {
    Path memory = BASE.resolve("../vectors/handover/linux-7.3-64k.elf.zst");
    Path k = kernel("arm64-4k");
    assertThat(kho(2, "preflight", "--from", memory, "--from-kernel", k, "--to", k).err())
        .contains("has pages of 64K", "that kernel did not write this memory");
  }

  @ParameterizedTest
  @CsvSource({
    "7.1, 'kho-v4 of kho, but %s has kho-v3'",
    "luo-v6, 'luo-v5 of luo, but %s has luo-v6'",
    "memfd-off, 'memfd-v2 of memfd, but %s has none'"
  })
  void aWriterOfOtherVersionsIsRefused(String writer, String versions) {
    Path image = Captures.small("jump-luo");
    Path k = kernel(writer);
    assertThat(kho(2, "preflight", "--from", image, "--from-kernel", k, "--to", k, "--quiet").err())
        .contains(versions.formatted(k) + ": that kernel did not write this memory");
  }

  /** What a note is about shows in the report, whichever side is 'running'. */
  @Test
  void notesOfTheRunningKernelAreInTheReport() throws Exception {
    Path root = directory.resolve("root");
    Files.createDirectories(root.resolve("proc/sys/kernel"));
    Files.writeString(root.resolve("proc/sys/kernel/osrelease"), "7.3.4-test\n");
    Files.createDirectories(root.resolve("boot"));
    Files.copy(SMALL.resolve("small.elf"), root.resolve("boot/vmlinuz-7.3.4-test"));
    String note = root + "/sys/kernel/debug/kho/out cannot be read";
    for (List<Object> sides :
        List.<List<Object>>of(
            List.of("--from", "running", "--to", kernel("7.3")),
            List.of("--from", kernel("7.3"), "--to", "running"),
            List.of("--to", "running"),
            List.of("--from", "running"))) {
      Object[] line = and(sides.toArray(), "--root", root);
      ConsoleOfATest text = kho(1, and(new Object[] {"preflight"}, line));
      assertThat(text.out()).contains("note: " + note);
      assertThat(text.err()).isEmpty();
      assertThat(json(1, line).get("notes").valueStream().map(JsonNode::asString))
          .anyMatch(one -> one.startsWith(note));
    }
  }
}
