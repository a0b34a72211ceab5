package org.kho4j.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.Kho;
import org.kho4j.cli.inspect.InspectCommand;
import org.kho4j.cli.output.Console;
import org.kho4j.cli.preflight.ProfileFile;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.OutgoingKernel;

class HostReaderTest {

  private static final Path CAPTURE =
      Path.of("../cli/src/test/resources/org/kho4j/cli/captures/lab/x86_64-7.2-moments.elf.zst");
  private static final Path KERNEL =
      Path.of("../cli/src/test/resources/org/kho4j/cli/preflight/kernels/7.3.json");

  @TempDir Path temporary;

  /** A file system that is not that of this machine, as far as the job can see. */
  public static final class Store extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("store:///");
    }

    @Override
    public String getScheme() {
      return "store";
    }
  }

  private static Configuration conf() {
    Configuration conf = new Configuration(false);
    conf.setClass("fs.store.impl", Store.class, org.apache.hadoop.fs.FileSystem.class);
    return conf;
  }

  private static OutgoingKernel kernel() throws IOException {
    return ProfileFile.read("7.3.json", Files.readAllBytes(KERNEL));
  }

  private static HostRecord read(String path, long ranged) throws IOException {
    return read(path, ranged, kernel(), Optional.empty());
  }

  private static HostRecord read(
      String path, long ranged, OutgoingKernel next, Optional<CommandLine> commandLine)
      throws IOException {
    return HostReader.read(
        new InputFile(path, 1, 0, "digest", ""),
        FleetKernels.of(List.of(next), List.of("7.3.json")),
        commandLine,
        conf(),
        ranged);
  }

  /** That of a unified kernel image, or of its profile. */
  @Test
  void theCommandLineOfANextKernelCounts() throws IOException {
    OutgoingKernel next =
        new OutgoingKernel(
            kernel().profile(),
            Optional.empty(),
            Optional.of(new CommandLine("kho=off")),
            Optional.of(1L << 40),
            List.of());
    String path = "file:" + CAPTURE.toAbsolutePath();
    Cell own = read(path, 0, next, Optional.empty()).cells().getFirst();
    assertThat(luo(own).because()).contains("with kho=off");
    assertThat(own.parts()).as("with its initrd").anyMatch(part -> part.name().equals("load"));

    Optional<CommandLine> given = Optional.of(new CommandLine("kho=on liveupdate=on"));
    assertThat(luo(read(path, 0, next, given).cells().getFirst()).verdict()).isEqualTo("ok");
  }

  private static Cell.PartCell luo(Cell cell) {
    return cell.parts().stream().filter(part -> part.name().equals("luo")).findAny().orElseThrow();
  }

  private Path unpacked() throws IOException {
    byte[] packed = Files.readAllBytes(CAPTURE);
    return Files.write(
        temporary.resolve("capture.elf"),
        Zstd.decompress(packed, (int) Zstd.getFrameContentSize(packed)));
  }

  @Test
  void anImageInAStoreIsReadByRangesAndJudgedAsALocalOne() throws IOException {
    Path image = unpacked();

    HostRecord local = read("file:" + image, 0);
    HostRecord stored = read("store:" + image, 1 << 20);

    assertThat(local.error()).isEmpty();
    assertThat(stored.error()).isEmpty();
    assertThat(stored.cells().getFirst().verdict()).isEqualTo(local.cells().getFirst().verdict());
    assertThat(stored.cells().getFirst().parts()).isEqualTo(local.cells().getFirst().parts());
    assertThat(stored.owners()).isEqualTo(local.owners()).isNotEmpty();
    assertThat(stored.sessions()).isEqualTo(2);
    assertThat(stored.reservations()).containsEntry("trace", 1L << 20);
    assertThat(stored.readBytes()).isBetween(1L, 2 * Files.size(image));
  }

  @Test
  void aPackedImageInAStoreIsCopied() throws IOException {
    HostRecord stored = read("store:" + CAPTURE.toAbsolutePath().normalize(), 1 << 10);

    assertThat(stored.error()).isEmpty();
    assertThat(stored.kind()).isEqualTo("memory");
  }

  @Test
  void aDocumentIsJudgedAsItsImage() throws IOException {
    Path document = Files.write(temporary.resolve("host.json"), inspect(CAPTURE));

    HostRecord image = read("file:" + CAPTURE.toAbsolutePath(), 0);
    HostRecord described = read("file:" + document, 0);

    assertThat(described.kind()).isEqualTo("inspect");
    assertThat(described.release()).isEqualTo(image.release()).isEqualTo("7.2.12");
    assertThat(described.versions()).isEqualTo(image.versions());
    assertThat(described.reservations()).isEqualTo(image.reservations());
    assertThat(described.sessions()).isEqualTo(image.sessions());
    assertThat(described.preservedBytes()).isEqualTo(image.preservedBytes()).isPositive();
    assertThat(described.cells().getFirst().parts()).isEqualTo(image.cells().getFirst().parts());
  }

  @Test
  void whatCannotBeReadIsARecordThatNamesTheFileOfTheInput() throws IOException {
    Path text = Files.writeString(temporary.resolve("notes.txt"), "no capture\n");

    HostRecord record = read("store:" + text, 1 << 20);

    assertThat(record.error()).startsWith("store:" + text).doesNotContain("kho-fleet-");
    assertThat(read("store:/nowhere", 1).error()).contains("/nowhere");
  }

  /** What {@code kho inspect --json} writes. */
  static byte[] inspect(Path image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new Kho(
            new Console(out, new PrintStream(OutputStream.nullOutputStream()), false, false),
            "",
            _ -> List.of(new InspectCommand()))
        .run("inspect", "--json", image.toString());
    return out.toByteArray();
  }
}
