package org.kho4j.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process's mappings, as the kernel lists them. */
final class Maps {

  private Maps() {}

  /** How many mappings there are of files whose names contain {@code name}. */
  static long of(String name) {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains(name)).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How many descriptors there are of files whose names contain {@code name}. */
  static long descriptorsOf(String name) throws IOException {
    try (var entries = Files.list(Path.of("/proc/self/fd"))) {
      return entries
          .filter(entry -> {
            try {
              return Files.readSymbolicLink(entry).toString().contains(name);
            } catch (IOException _) {
              return false;
            }
          })
          .count();
    }
  }
}
