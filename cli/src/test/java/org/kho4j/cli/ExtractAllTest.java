package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ExtractAllTest {

  @TempDir private Path directory;

  private ConsoleOfATest extract(int exit, Object... arguments) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line =
        Stream.concat(Stream.of("extract"), Stream.of(arguments).map(Object::toString))
            .toArray(String[]::new);
    assertThat(new Kho(pipe.console, "").run(line)).as(pipe.err()).isEqualTo(exit);
    return pipe;
  }

  private static List<String> names(Path target) throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void writesEverythingForItsOwnerAlone() throws IOException {
    Path target = directory.resolve("all");

    ConsoleOfATest pipe = extract(0, Captures.small("jump-luo"), "--all", target, "--sha256");

    assertThat(pipe.err()).isEmpty();
    assertThat(names(target))
        .contains(
            "index.json",
            "memfd-kexec_multi_state-0x3e6",
            "reservation-trace",
            "subtree-LUO",
            "vmalloc-kho_test-folios_info",
            "vmalloc-multi-test-files-1-0x1001-folios")
        .hasSize(15);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
        .isEqualTo("rwx------");
    for (String name : names(target)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target.resolve(name))))
          .as(name)
          .isEqualTo("rw-------");
    }
    JsonNode index = new ObjectMapper().readTree(Files.readString(target.resolve("index.json")));
    assertThat(index.path("schema").asString()).isEqualTo("kho4j/extract-all/1");
    assertThat(index.path("problems").asInt()).isZero();
    for (JsonNode item : index.path("items")) {
      assertThat(Files.size(target.resolve(item.path("file").asString())))
          .isEqualTo(item.path("bytes").asLong());
      assertThat(item.path("sha256").asString()).hasSize(64);
    }
  }

  /** A file of it is the one that is extracted by its name. */
  @Test
  void writesWhatASingleExtractionWrites() throws IOException {
    Path target = directory.resolve("all");
    Path single = directory.resolve("single");
    Path capture = Captures.small("systemd-262-jump");
    extract(0, capture, "--all", target);
    extract(0, capture, "--session", "systemd", "--token", "1", "-o", single);

    assertThat(target.resolve("memfd-systemd-0x1")).hasSameBinaryContentAs(single);
  }

  @Test
  void jsonIsTheIndex() throws IOException {
    Path target = directory.resolve("all");

    ConsoleOfATest pipe = extract(0, Captures.EXAMPLE, "--all", target, "--json");

    assertThat(pipe.out()).isEqualTo(Files.readString(target.resolve("index.json")));
  }

  @Test
  void whatIsThereIsKept() throws IOException {
    Path there = Files.createDirectory(directory.resolve("there"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), there);
    Path dangling =
        Files.createSymbolicLink(directory.resolve("dangling"), directory.resolve("elsewhere"));

    for (Path taken : List.of(there, link, dangling)) {
      assertThat(extract(2, Captures.EXAMPLE, "--all", taken).err())
          .isEqualTo("kho: " + taken + ": exists; --all writes into a new directory\n");
    }
    assertThat(names(there)).isEmpty();
    assertThat(Files.exists(directory.resolve("elsewhere"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(extract(2, Captures.EXAMPLE, "--all", directory.resolve("a/b")).err())
        .contains("no such directory");
  }

  /** Whatever a session is called, its files are in the directory. */
  @Test
  void namesOutOfAHandoverAreSafe() throws IOException {
    Path ram = directory.resolve("ram");
    List<String> sessions = List.of("../../evil", "a b\n\u001b[31m", "..", "ü/~");
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      for (int i = 0; i < sessions.size(); i++) {
        Placed folio = new Placed(0, guest.folio((8 << 20) + 4096L * i, 0, "content"));
        guest.session(sessions.get(i)).memfd(sessions.get(i), i + 1, 4096, folio);
      }
    }
    Path target = directory.resolve("all");

    extract(0, ram, "--all", target);

    assertThat(names(target))
        .contains(
            "memfd-..%2f..%2fevil-0x1",
            "memfd-a%20b%0a%1b%5b31m-0x2", "memfd-..-0x3", "memfd-%c3%bc%2f%7e-0x4");
    assertThat(names(directory)).containsExactly("all", "ram");
  }

  @Test
  void whatIsMissingIsTold() throws IOException {
    Path dump = Captures.SMALL.resolve("dumps/excluded-pages.kdump.zst");
    Path target = directory.resolve("all");

    ConsoleOfATest pipe = extract(1, dump, "--all", target);

    assertThat(pipe.err())
        .contains("1 MiB of the 1 MiB of /memblock/reservation \"trace\" are not in");
    assertThat(names(target)).doesNotContain("reservation-trace").contains("subtree-memblock");
    assertThat(Files.readString(target.resolve("index.json"))).contains("\"problems\" : 1");

    Path zeros = directory.resolve("zeros");
    extract(1, dump, "--all", zeros, "--missing", "zero");
    assertThat(Files.size(zeros.resolve("reservation-trace"))).isEqualTo(1 << 20);
  }

  @Test
  void nothingElseGoesWithIt() {
    List<List<String>> wrong =
        List.of(
            List.of("-o", "file"),
            List.of("--subtree", "LUO"),
            List.of("--force"),
            List.of("--fdt", "0x492000", "--role", "outgoing"));
    for (List<String> options : wrong) {
      List<Object> line = new ArrayList<>(List.of(Captures.EXAMPLE, "--all"));
      line.add(directory.resolve("all"));
      line.addAll(options);
      assertThat(extract(2, line.toArray()).err()).startsWith("kho: --");
      assertThat(directory.resolve("all")).doesNotExist();
    }
  }

  @Test
  void aFileThatIsThereIsNotOverwritten() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "mine", StandardCharsets.UTF_8);

    extract(2, Captures.EXAMPLE, "--all", file);

    assertThat(Files.readString(file)).isEqualTo("mine");
  }
}
