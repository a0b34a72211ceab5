package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.TestGuest;

/** What {@code kho extract} says when it cannot tell, or find, what is wanted. */
class ExtractUsageTest {

  @TempDir private Path directory;
  private Path ram;
  private Path out;
  private Path outDirectory;

  @BeforeEach
  void guest() throws IOException {
    ram = directory.resolve("ram");
    outDirectory = Files.createDirectory(directory.resolve("out"));
    out = outDirectory.resolve("file");
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("a\033[2Jb").session("vm").memfd("vm", 7, 0).file("vm", 8, "vfio\007-v1", 0);
    }
  }

  private List<Path> outFiles() throws IOException {
    try (Stream<Path> files = Files.list(outDirectory)) {
      return files.toList();
    }
  }

  static Stream<Arguments> wrongUsage() {
    return Stream.of(
        Arguments.of(
            List.of(), "no part to extract; give --session NAME --token N, --unit UNIT --fd NAME,"),
        Arguments.of(
            List.of("--session=vm"), "give --session and --token together to name a" + " memfd"),
        Arguments.of(List.of("--token=1"), "give --session and --token together to name a memfd"),
        Arguments.of(List.of("--subtree=a", "--vmalloc=1"), "extract only one thing: "),
        Arguments.of(
            List.of("--subtree=a", "--role=neither"),
            "'neither' is not the role of a handover: outgoing or incoming"),
        Arguments.of(
            List.of("--subtree=a", "--role=incoming", "--fdt=0x1000"),
            "--fdt and --role exclude each other"),
        Arguments.of(List.of("--subtree=a", "-o", "-", "--json"), "--json and -o - both write"),
        Arguments.of(List.of("--subtree=a", "-o", "-", "--verify"), "--verify is for files"),
        Arguments.of(List.of("--subtree=a", "-o", ""), "-o needs the name of a file"));
  }

  @ParameterizedTest
  @MethodSource("wrongUsage")
  void wrongUsageIsExplained(List<String> args, String sentence) throws IOException {
    Stream<Object> line = Stream.concat(Stream.of("extract", ram), args.stream());
    Stream<Object> output = args.contains("-o") ? Stream.of() : Stream.of("-o", out);
    assertThat(kho(2, Stream.concat(line, output).toArray()).err()).contains(sentence);
    assertThat(outFiles()).isEmpty();
  }

  @Test
  void noOutputIsAUsageError() {
    assertThat(kho(2, "extract", ram, "--subtree=a").err()).contains("'--output=FILE'");
  }

  @Test
  void aTerminalGetsNoMemory() {
    ConsoleOfATest terminal = ConsoleOfATest.terminal();
    assertThat(
            new Kho(terminal.console, "")
                .run("extract", ram.toString(), "--session=vm", "--token=7", "-o", "-"))
        .isEqualTo(2);
    assertThat(terminal.out()).isEmpty();
    assertThat(terminal.err()).contains("memory is not written to a terminal");
  }

  static Stream<Arguments> missing() {
    return Stream.of(
        Arguments.of(
            List.of("--session=no", "--token=1"), "has no session \"no\"; it has a\\x1b[2Jb, vm"),
        Arguments.of(
            List.of("--session=vm", "--token=9"),
            "has no file 0x9 in session \"vm\"; it has 0x7, 0x8"),
        Arguments.of(
            List.of("--session=vm", "--token=8"),
            "file 0x8 of session \"vm\": it is a \"vfio\\x07-v1\", and only memfds can be extracted"),
        Arguments.of(List.of("--subtree=no"), "has no subtree \"no\"; it has LUO, kexec-metadata"),
        Arguments.of(List.of("--reserve-mem=no"), "has no reservation \"no\"\n"),
        Arguments.of(List.of("--vmalloc=0x40000000"), "/vmalloc 0x40000000 at 0x40000000: "),
        Arguments.of(
            List.of("--vmalloc=0xf00000"),
            "/vmalloc 0xf00000 at 0xf00000: the descriptor has neither pages nor a first chunk: no area"
                + " is preserved there"),
        Arguments.of(
            List.of("--subtree=LUO", "--role=incoming"), "no incoming handover: outgoing at 0x"));
  }

  @ParameterizedTest
  @MethodSource("missing")
  void whatIsNotThereIsNamedBesideWhatIs(List<String> args, String sentence) throws IOException {
    Stream<Object> line = Stream.concat(Stream.of("extract", ram, "-o", out), args.stream());
    assertThat(kho(2, line.toArray()).err()).contains(sentence);
    assertThat(outFiles()).isEmpty();
  }
}
