package org.kho4j.cli.captures;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The captures of real kernels that tests read: small ones of the project, and large ones beside
 * it.
 */
public final class Captures {

  private static final Path PROJECT = project();

  /** The project's own, and the facts beside each. */
  public static final Path SMALL = PROJECT.resolve("cli/src/test/resources/org/kho4j/cli/captures");

  /** What a user finds first; captures are stored once. */
  public static final Path EXAMPLE = PROJECT.resolve("examples/linux-7.3.4-jump-kho-test.ram.zst");

  private Captures() {}

  private static Path project() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(directory.resolve("examples"))) {
      directory = directory.getParent();
    }
    return directory;
  }

  /** A small capture by the last part of its name, as in {@code "jump-luo"}. */
  public static Path small(String name) {
    return small().stream()
        .filter(path -> name(path).equals("linux-7.3.4-" + name))
        .findFirst()
        .orElseThrow();
  }

  public static List<Path> small() {
    return Stream.concat(captures(SMALL), Stream.of(EXAMPLE)).toList();
  }

  /** The conformance vectors with the versions of LUO, pages of 4K, and a map as a radix tree. */
  public static List<Path> vectors() {
    return captures(PROJECT.resolve("vectors/handover"))
        .filter(path -> name(path).matches("(luo-v\\d|linux-7\\.[1-9])-4k"))
        .toList();
  }

  /** Those that {@code lab/run capture} made; the facts beside each are what the guest said. */
  public static List<Path> lab() {
    return captures(SMALL.resolve("lab")).toList();
  }

  /** The whole guests that are too large for the project; none where there is no such directory. */
  public static List<Path> shared() {
    return Stream.of("../shared/captures", "../../shared/captures")
        .map(path -> PROJECT.resolve(path).normalize())
        .filter(Files::isDirectory)
        .findFirst()
        .map(directory -> captures(directory).toList())
        .orElse(List.of());
  }

  private static Stream<Path> captures(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.toString().matches(".*\\.(zst|kdump)"))
          .sorted()
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The name of a capture, without what says its form. */
  public static String name(Path capture) {
    return capture
        .getFileName()
        .toString()
        .replaceFirst("(\\.full|\\.cut)?\\.(ram|elf|kdump)(\\.zst)?$", "");
  }

  /** The facts about a capture. */
  public static Path facts(Path capture) {
    return SMALL.resolve(name(capture) + ".json");
  }
}
