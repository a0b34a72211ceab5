package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;

/** A process that extracts, and that does not come to its end. */
class InterruptedExtractTest {

  @TempDir private Path directory;
  private Path ram;
  private Path outDirectory;
  private Path out;

  /** A file whose zeros nobody has ever finished to write. */
  @BeforeEach
  void guest() throws IOException {
    ram = directory.resolve("ram");
    outDirectory = Files.createDirectory(directory.resolve("out"));
    out = outDirectory.resolve("file");
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 7, 1L << 43, new Placed(1, guest.folio(0x800000, 2, "a")));
    }
  }

  private static List<String> kho(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-cp",
                Stream.of("jdk.module.path", "java.class.path")
                    .map(System::getProperty)
                    .filter(Objects::nonNull)
                    .collect(Collectors.joining(File.pathSeparator)),
                "org.kho4j.cli.Kho"));
    command.addAll(List.of(arguments));
    return command;
  }

  private List<String> command() {
    return kho(
        "extract",
        ram.toString(),
        "--session=vm",
        "--token=7",
        "--no-sparse",
        "-o",
        out.toString());
  }

  private Process started(WatchService watch) throws IOException, InterruptedException {
    Process kho =
        new ProcessBuilder(command())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    assertThat(watch.poll(60, TimeUnit.SECONDS)).as("it has begun to write").isNotNull();
    return kho;
  }

  private WatchService watch() throws IOException {
    WatchService watch = outDirectory.getFileSystem().newWatchService();
    outDirectory.register(watch, StandardWatchEventKinds.ENTRY_MODIFY);
    return watch;
  }

  private List<String> left() throws IOException {
    try (Stream<Path> files = Files.list(outDirectory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void toldToEndItLeavesNothing() throws IOException, InterruptedException {
    try (WatchService watch = watch()) {
      Process kho = started(watch);
      kho.destroy();
      assertThat(kho.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(kho.exitValue()).isEqualTo(128 + 15);
      assertThat(left()).isEmpty();
    }
  }

  @Test
  void killedItLeavesNothingUnderTheFinalName() throws IOException, InterruptedException {
    try (WatchService watch = watch()) {
      Process kho = started(watch);
      kho.destroyForcibly();
      assertThat(kho.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(left()).singleElement().asString().matches("\\.kho-[0-9a-f]+\\.part");
    }
  }

  @Test
  void aFullDiskLeavesNothing() throws IOException, InterruptedException {
    assertThat(withFilesUpTo(2048, command())).endsWith("kho: " + out + ": File too large\n");
    assertThat(left()).isEmpty();
  }

  @Test
  void aFullDiskIsThatOfTheProfile() throws IOException, InterruptedException {
    String kernel = Preflights.kernel("7.3").toString();
    assertThat(withFilesUpTo(1, kho("preflight", "--to", kernel, "--save-profile", out.toString())))
        .endsWith("kho: " + out + ": File too large\n");
    assertThat(left()).isEmpty();
  }

  /** Runs a command that fails, where no file gets more than so many blocks of 512 bytes. */
  private static String withFilesUpTo(int blocks, List<String> command)
      throws IOException, InterruptedException {
    List<String> limited =
        new ArrayList<>(List.of("sh", "-c", "ulimit -f " + blocks + "; exec \"$@\"", "sh"));
    limited.addAll(command);
    Process kho = new ProcessBuilder(limited).redirectErrorStream(true).start();
    String said = new String(kho.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(kho.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(kho.exitValue()).as(said).isEqualTo(2);
    return said;
  }
}
