package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;

@EnabledOnOs(OS.LINUX)
class SpoolTest {

  @TempDir Path directory;

  private Path pipe(byte[] bytes) throws IOException, InterruptedException {
    Path pipe = directory.resolve("pipe");
    assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "mkfifo");
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (OutputStream out = Files.newOutputStream(pipe)) {
            out.write(bytes);
          } catch (IOException e) {
            // The reader refused it.
          }
        });
    return pipe;
  }

  private static byte[] all(MappedFile file) {
    return file.bytes().toArray(JAVA_BYTE);
  }

  @Test
  void copiesWhatComesOutOfAPipe() throws IOException, InterruptedException {
    byte[] bytes = Unpacking.content(1_000_003);
    Path pipe = pipe(bytes);
    List<Long> progress = new ArrayList<>();
    try (MappedFile file = new Spool(bytes.length, progress::add).open(pipe)) {
      assertThat(all(file)).isEqualTo(bytes);
      assertThat(file.path()).isEqualTo(pipe);
    }
    assertThat(progress).isSorted().hasSizeGreaterThan(5).endsWith((long) bytes.length);
  }

  @Test
  void leavesHolesWhereAPipeHasZeros() throws IOException, InterruptedException {
    byte[] bytes = new byte[0x200000];
    bytes[0x140000] = 1;
    List<String> data = new ArrayList<>();
    try (MappedFile file = Spool.DEFAULT.open(pipe(bytes))) {
      file.forEachData(0, file.size(), (at, length) -> data.add("%x+%x".formatted(at, length)));
      assertThat(all(file)).isEqualTo(bytes);
    }
    assertThat(data).containsExactly("140000+40000");
  }

  @Test
  void leavesNoName() throws IOException, InterruptedException {
    List<String> before = spooled();
    try (MappedFile _ = Spool.DEFAULT.open(pipe(new byte[] {1}))) {
      assertThat(spooled()).isSubsetOf(before);
    }
  }

  private static List<String> spooled() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("kho4j-[0-9a-f]{9,}"))
          .toList();
    }
  }

  @Test
  void stopsAtItsLimit() throws IOException, InterruptedException {
    Path pipe = pipe(new byte[1_000_001]);

    assertThatThrownBy(() -> Spool.DEFAULT.withLimit(1_000_000).open(pipe))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(pipe + " has more than 1000000 bytes, the limit of the copy");
  }

  @Test
  void refusesAPipeWithoutBytes() throws IOException, InterruptedException {
    Path pipe = pipe(new byte[0]);

    assertThatThrownBy(() -> Spool.DEFAULT.open(pipe))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(pipe + " is empty: no memory image has 0 bytes");
  }

  @Test
  void mapsARegularFile() throws IOException {
    Path path = Files.write(directory.resolve("file"), new byte[] {1, 2, 3});
    // A copy would not have that many bytes.
    try (MappedFile file = Spool.DEFAULT.withLimit(0).open(path)) {
      assertThat(all(file)).containsExactly(1, 2, 3);
    }
  }

  @Test
  void refusesWhatIsNeither() {
    assertThatThrownBy(() -> Spool.DEFAULT.open(Path.of("/dev/zero")))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage("/dev/zero is not a regular file");
    assertThatThrownBy(() -> Spool.DEFAULT.open(directory))
        .hasMessage(directory + " is not a regular file");
    assertThatThrownBy(() -> Spool.DEFAULT.open(directory.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  /** Standard input is that of a process. */
  @Test
  void readsStandardInput() throws IOException, InterruptedException {
    Path probe =
        Files.writeString(
            directory.resolve("Probe.java"),
            """
            import org.kho4j.files.MappedFile;
            import org.kho4j.files.packed.Spool;

            public class Probe {
              public static void main(String[] args) {
                try (MappedFile file =
                    Spool.DEFAULT.withLimit(Long.parseLong(args[0])).open(Spool.STANDARD_INPUT)) {
                  System.out.print(file.size() + " bytes");
                } catch (java.io.IOException e) {
                  System.out.print(e.getMessage());
                }
              }
            }
            """);
    Path large = Files.write(directory.resolve("large"), new byte[1000]);

    assertThat(probe(probe, "printf 1234567 | cat")).isEqualTo("7 bytes");
    assertThat(probe(probe, "printf 12345678 | cat"))
        .isEqualTo("/dev/stdin has more than 7 bytes, the limit of the copy");
    assertThat(run("exec " + java(probe) + " <'" + large + "'")).isEqualTo("1000 bytes");
    assertThat(run("{ head -c 995 >/dev/null; exec " + java(probe) + "; } <'" + large + "'"))
        .isEqualTo("5 bytes");
    assertThat(run("ulimit -f 8; head -c 1000000 /dev/urandom | " + java(probe, 1 << 20)))
        .isEqualTo(
            "the temporary file of /dev/stdin in %s: File too large"
                + " (KHO_JAVA_OPTS=-Djava.io.tmpdir=DIR sets another directory)",
            System.getProperty("java.io.tmpdir"));
  }

  private static String probe(Path probe, String input) throws IOException, InterruptedException {
    return run(input + " | " + java(probe));
  }

  private static String java(Path program) {
    return java(program, 7);
  }

  private static String java(Path program, long limit) {
    try {
      Path classes =
          Path.of(Spool.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return "'%s' -XX:-UsePerfData -Djava.io.tmpdir='%s' -cp '%s' '%s' %d"
          .formatted(
              Path.of(System.getProperty("java.home"), "bin", "java"),
              System.getProperty("java.io.tmpdir"),
              classes,
              program,
              limit);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static String run(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }
}
