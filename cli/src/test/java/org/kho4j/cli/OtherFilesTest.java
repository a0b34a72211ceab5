package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/** A kernel where memory is wanted, and memory where a kernel is wanted. */
class OtherFilesTest {

  @TempDir private Path directory;

  private static String error(Object... arguments) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
    assertThat(new Kho(pipe.console, "").run(line)).as(pipe.err()).isEqualTo(2);
    return pipe.err();
  }

  private static void assertKernel(Path kernel, String form) {
    for (List<String> command :
        List.of(
            List.of("inspect"),
            List.of("verify"),
            List.of("verify", "--fdt=0x20000000"),
            List.of("warm", "list"),
            List.of("warm", "show"),
            List.of("warm", "verify"))) {
      assertThat(error(Stream.concat(command.stream(), Stream.of(kernel)).toArray()))
          .as("%s", command)
          .isEqualTo(
              "kho: %s is a kernel (%s), not a memory image; did you mean kho preflight --to %s?\n"
                  .formatted(kernel, form, kernel));
    }
  }

  @Test
  void aKernelIsNoMemoryImage() {
    assertKernel(Preflights.SMALL.resolve("small.elf"), "vmlinux of Linux 7.3.4-test");
    assertKernel(Preflights.SMALL.resolve("small.btf"), "btf");
  }

  @Test
  void aNameIsQuotedAsAShellWantsIt() throws IOException {
    Path kernel = Files.copy(Preflights.SMALL.resolve("small.btf"), directory.resolve("b z"));
    assertThat(error("inspect", kernel)).endsWith("kho preflight --to '%s'?\n".formatted(kernel));
  }

  @Test
  void aProgramIsNoKernel() {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    assertThat(error("inspect", java)).contains("is an ELF file of type ").doesNotContain("kernel");
  }

  @Test
  void aBzImageIsNamedWithItsRelease() {
    Path kernel = Preflights.BASE.resolve("../../shared/lab/bzImage-7.3.4");
    kernel =
        Files.exists(kernel)
            ? kernel
            : Preflights.BASE.resolve("../../../shared/lab/bzImage-7.3.4");
    assumeThat(kernel).exists();
    assertKernel(kernel, "bzImage of Linux 7.3.4");
  }

  @Test
  void aPackedFileIsNamedByItsContent() throws IOException {
    byte[] arm64 = new byte[8192];
    System.arraycopy("ARMd".getBytes(StandardCharsets.US_ASCII), 0, arm64, 56, 4);
    byte[] banner = "Linux version 7.3.4-test (somebody) #1\n".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(banner, 0, arm64, 4096, banner.length);
    assertKernel(gzip("Image.gz", arm64), "Image of Linux 7.3.4-test");
    ByteBuffer header = ByteBuffer.wrap(arm64).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(16, 8192);
    assertKernel(gzip("Image.gz", arm64), "Image of Linux 7.3.4-test");
    header.putLong(16, 4096);
    Path memory = gzip("memory.gz", arm64);
    assertThat(error("verify", memory)).as("the RAM of a guest").doesNotContain("is a kernel");

    Path initramfs = gzip("initrd.img", "070701".getBytes(StandardCharsets.US_ASCII));
    for (String[] command :
        new String[][] {{"verify"}, {"inspect", "--fdt=4096"}, {"warm", "list"}}) {
      assertThat(error(Stream.concat(Stream.of(command), Stream.of(initramfs)).toArray()))
          .isEqualTo("kho: " + initramfs + " is an initramfs, not a memory image\n");
    }
  }

  private Path gzip(String name, byte[] content) throws IOException {
    Path file = directory.resolve(name);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(content);
    }
    return file;
  }

  @Test
  void aMemoryImageIsNoKernel() {
    for (Path memory :
        new Path[] {Captures.small("jump-luo"), Captures.small("arm64-16k-jump-luo")}) {
      assertThat(error("preflight", "--from", "running", "--to", memory))
          .matches(
              "kho: \\Q%s\\E is a memory image \\((raw|elf)\\), not a kernel; did you mean kho preflight --from \\Q%s\\E --to KERNEL\\?\n"
                  .formatted(memory, memory));
    }
  }

  @Test
  void otherFilesAreNamed() throws IOException {
    Path tree = directory.resolve("fdt");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"))) {
      Files.write(tree, memory.read(0x55a000, 240).toArray(ValueLayout.JAVA_BYTE));
    }
    assertThat(error("verify", tree))
        .isEqualTo(
            "kho: " + tree + " is only a device tree, without the memory that it points to\n");
    Path initramfs =
        Files.write(directory.resolve("initrd"), "070701".getBytes(StandardCharsets.US_ASCII));

    assertThat(error("verify", initramfs))
        .isEqualTo("kho: " + initramfs + " is an initramfs, not a memory image\n");
    Path json = Files.writeString(directory.resolve("json"), "{ \"schema\": \"kho4j/profile/1\" }");
    for (String[] command :
        new String[][] {{"verify"}, {"inspect", "--fdt=4096"}, {"warm", "list"}}) {
      assertThat(error(Stream.concat(Stream.of(command), Stream.of(json)).toArray()))
          .isEqualTo("kho: " + json + " is JSON of kho4j/profile/1, not a memory image\n");
    }
  }
}
