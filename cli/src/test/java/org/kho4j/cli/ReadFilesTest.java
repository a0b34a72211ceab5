package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/** No command replaces a file that it reads, even with {@code --force}. */
class ReadFilesTest {

  private static final String SPEC =
      """
      {
        "arch": "arm64",
        "memory": { "address": "0x40000000", "size": "1G" },
        "scratch": [{ "address": "0x50000000", "size": "64M" }],
        "subtrees": [{ "name": "own", "blob": { "file": "content" } }]
      }
      """;

  @TempDir private Path directory;

  private Path ram() throws IOException {
    Path ram = directory.resolve("ram");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"))) {
      Captures.copy(memory, ram);
    }
    return ram;
  }

  /** The refusal names the file; the file's name is not another file's. */
  private static void refused(Path file, Object... arguments) throws IOException {
    Object before = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    assertThat(kho(2, arguments).err())
        .endsWith(": is read by this command, so it is not replaced\n");
    assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey()).isEqualTo(before);
  }

  @Test
  void theSourceByAnyName() throws IOException {
    Path ram = ram();
    Path hard = Files.createLink(directory.resolve("hard"), ram);
    Path symbolic = Files.createSymbolicLink(directory.resolve("symbolic"), ram);
    Path through = Files.createSymbolicLink(directory.resolve("through"), directory);

    for (Path name : new Path[] {ram, hard, symbolic, through.resolve("./ram")}) {
      refused(name, "convert", ram, "--abi", "7.1", "-o", name, "--force");
      refused(name, "report", ram, "-o", name, "--force");
      refused(name, "extract", ram, "--subtree", "LUO", "-o", name, "--force");
    }
    refused(ram, "convert", symbolic, "--abi", "7.1", "-o", ram, "--force");
  }

  @Test
  void theLayoutOfTheRam() throws IOException {
    Path layout =
        Files.writeString(
            directory.resolve("layout"),
            """
            FlatView #0
             AS "memory", root: system
              0000000000000000-000000001fffffff (prio 0, ram): ram
            """);

    refused(
        layout, "convert", ram(), "--ram-layout", layout, "--abi", "7.1", "-o", layout, "--force");
  }

  @Test
  void theSpecItsContentAndTheTree() throws IOException {
    Path spec = Files.writeString(directory.resolve("spec"), SPEC);
    Path content = Files.writeString(directory.resolve("content"), "content");
    byte[] chosen =
        ChosenNode.alone(new BootData(0x51000000, 353, 0x50000000, 16))
            .toArray(ValueLayout.JAVA_BYTE);
    Path tree = Files.write(directory.resolve("tree"), chosen);
    Path out = directory.resolve("out");

    for (Path file : new Path[] {spec, content}) {
      refused(file, "author", spec, "-o", file, "--force");
      refused(file, "author", spec, "-o", out, "--dtb-out", file, "--force");
    }
    refused(tree, "author", spec, "-o", out, "--dtb", tree, "--dtb-out", tree, "--force");
    refused(tree, "author", spec, "-o", tree, "--dtb", tree, "--dtb-out", out, "--force");
    assertThat(out).doesNotExist();
  }

  @Test
  void theKernelToBoot() throws IOException {
    ByteBuffer header = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
    header.putLong(0x258, 0x1000000).putInt(0x260, 4096);
    Path kernel = Files.write(directory.resolve("kernel"), header.array());

    refused(
        kernel,
        "convert",
        ram(),
        "--abi",
        "7.1",
        "-o",
        directory.resolve("out"),
        "--boot-image",
        kernel,
        "--boot-image-out",
        kernel,
        "--force");
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void theKernelOfAProfile() throws IOException {
    Path kernel =
        Files.copy(
            Path.of("src/test/resources/org/kho4j/cli/preflight/kernels/7.3.json"),
            directory.resolve("7.3.json"));

    refused(kernel, "preflight", "--from", kernel, "--save-profile", kernel, "--force");
  }

  @Test
  void twoOutputsAreTwoFiles() throws IOException {
    Path spec = Files.writeString(directory.resolve("spec"), SPEC.replace("file", "text"));
    Path other = Files.createSymbolicLink(directory.resolve("other"), directory);
    Path out = directory.resolve("out");

    assertThat(kho(2, "author", spec, "-o", out, "--dtb-out", other.resolve("out")).err())
        .contains("two outputs cannot be the same file");
    assertThat(out).doesNotExist();
  }
}
