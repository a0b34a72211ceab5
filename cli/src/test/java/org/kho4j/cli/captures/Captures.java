package org.kho4j.cli.captures;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * The captures of real kernels that tests read: small ones of the project, and large ones beside
 * it.
 */
public final class Captures {

  public static final Path PROJECT = project();

  /** The project's own, and the facts beside each. */
  public static final Path SMALL = PROJECT.resolve("cli/src/test/resources/org/kho4j/cli/captures");

  /** What a user finds first; captures are stored once. */
  public static final Path EXAMPLE = PROJECT.resolve("examples/linux-7.3.4-jump-kho-test.ram.zst");

  private static final Map<Path, Path> UNPACKED = new HashMap<>();

  private Captures() {}

  private static Path project() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(directory.resolve("examples"))) {
      directory = directory.getParent();
    }
    return directory;
  }

  /** A small capture, {@link #unpacked}, by the last part of its name, as in {@code "jump-luo"}. */
  public static Path small(String name) {
    return unpacked(packed(name));
  }

  /** The file of a small capture in the project. */
  public static Path packed(String name) {
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
        .filter(path -> name(path).matches("(luo-v\\d|linux-6\\.(16|18|19)|linux-7\\.[0-9])-4k"))
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

  /**
   * A raw capture unpacked, once for all tests, for those that run many commands on it; any other
   * capture unchanged. What was zeros in it is holes.
   */
  public static synchronized Path unpacked(Path capture) {
    return capture.toString().endsWith(".ram.zst")
        ? UNPACKED.computeIfAbsent(capture, Captures::unpack)
        : capture;
  }

  private static Path unpack(Path capture) {
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      Path directory = Files.createTempDirectory("kho-captures");
      Path ram = directory.resolve(name(capture) + ".ram");
      directory.toFile().deleteOnExit();
      ram.toFile().deleteOnExit();
      copy(memory, ram);
      return ram;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes the first 16 MiB of {@code jump-luo}, which have all structures, and no memfd's content.
   */
  public static void writeBeginning(Path ram) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(small("jump-luo"))) {
      Files.write(ram, memory.read(0, 16 << 20).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** Writes raw memory into a new file with the holes that it has. */
  public static void copy(PhysicalMemory memory, Path ram) throws IOException {
    try (FileChannel file =
        FileChannel.open(ram, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      memory.forEachDataRange((address, length) -> {
        try {
          file.write(memory.read(address, length).asByteBuffer(), address);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
      if (file.size() < memory.source().bytes()) {
        file.write(ByteBuffer.allocate(1), memory.source().bytes() - 1);
      }
    }
  }

  /** Writes the memory of a capture into a new file, and other bytes at one address of it. */
  public static Path copyPatched(Path capture, Path ram, int address, byte[] bytes)
      throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(unpacked(capture))) {
      copy(memory, ram);
    }
    try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(bytes), address);
    }
    return ram;
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
