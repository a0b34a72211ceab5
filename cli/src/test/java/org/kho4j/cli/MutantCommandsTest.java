package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.damage.MetadataPlace;
import org.kho4j.damage.MetadataPlaces;
import org.kho4j.damage.Mutants;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * Every command that reads a handover, on files with one field of it changed: each ends with an
 * answer, or with a sentence and exit status 2.
 */
class MutantCommandsTest {

  private static final String KERNEL =
      "src/test/resources/org/kho4j/cli/preflight/kernels/7.3.json";

  /** Of each source. */
  private static final int MUTANTS = Math.max(1, Integer.getInteger("kho.mutants", 200) / 100);

  private static final long SEED = Long.getLong("kho.mutants.seed", 1);

  @TempDir private Path directory;

  static Stream<Path> sources() {
    return Stream.concat(
        Stream.of("jump-luo", "systemd-262-jump", "gen2-running").map(Captures::small),
        Captures.vectors().stream().filter(path -> path.toString().contains("linux-6.16")));
  }

  @ParameterizedTest
  @MethodSource("sources")
  void everyCommandEndsWithAnAnswerOrASentence(Path source) throws IOException {
    Path sound = directory.resolve("sound");
    Path changed = directory.resolve("changed");
    try (PhysicalMemory memory = MemoryImages.open(source)) {
      Captures.copy(memory, sound);
      Captures.copy(memory, changed);
      List<MetadataPlace> places =
          Handovers.of(memory, RootSearch.search(memory, bytes -> {}).roots(), null).stream()
              .flatMap(one -> MetadataPlaces.of(one).stream())
              .toList();
      Mutants mutants = new Mutants(memory, places);
      try (FileChannel file = FileChannel.open(changed, StandardOpenOption.WRITE)) {
        for (int number = 0; number < MUTANTS; number++) {
          Mutants.Mutant mutant = mutants.make(SEED + number);
          long page = mutant.place().address() & -Overlay.PAGE;
          file.write(mutants.memory().read(page, Overlay.PAGE).asByteBuffer(), page);
          runAll(sound, changed, mutant);
          file.write(memory.read(page, Overlay.PAGE).asByteBuffer(), page);
        }
      }
    }
  }

  private void runAll(Path sound, Path changed, Mutants.Mutant mutant) {
    String at = "0x%x".formatted(mutant.place().address());
    Path all = directory.resolve("all");
    Path out = directory.resolve("out");
    run(mutant, "inspect", changed, "--ranges");
    run(mutant, "inspect", changed, "--ranges", "--json");
    run(mutant, "verify", changed, "--all");
    run(mutant, "verify", changed, "--json");
    run(mutant, "show", changed);
    run(mutant, "show", changed, at, "--json");
    run(mutant, "who", changed, at);
    run(mutant, "who", changed, at, "--json");
    run(mutant, "diff", sound, changed);
    run(mutant, "diff", changed, sound, "--json");
    run(mutant, "report", changed, "-o", out, "--force");
    run(mutant, "preflight", "--from", changed, "--to", KERNEL);
    run(mutant, "preflight", "--from", changed, "--to", KERNEL, "--json");
    run(mutant, "extract", changed, "--all", all);
    delete(all);
    run(mutant, "convert", changed, "--abi", "7.1", "-o", out, "--force");
    run(mutant, "convert", changed, "--abi", "6.16", "-o", out, "--force", "--json");
  }

  private static void run(Mutants.Mutant mutant, Object... arguments) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
    int exit = new Kho(pipe.console, "").run(line);
    String said = "%s%nkho %s: %d%n%s".formatted(mutant, String.join(" ", line), exit, pipe.err());
    assertThat(exit).as(said).isBetween(0, 2);
    assertThat(pipe.err()).as(said).doesNotContain("internal error", "a bug");
    if (exit == 2) {
      assertThat(pipe.err()).as(said).startsWith("kho: ");
    } else if (line[line.length - 1].equals("--json")) {
      assertThat(pipe.out()).as(said).startsWith("{").endsWith("}\n");
    }
  }

  private static void delete(Path tree) {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
