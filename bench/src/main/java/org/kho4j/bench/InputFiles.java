package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.kho4j.memory.WritableMemory;

/**
 * A benchmark that reads files, so that its peer in C reads the very same. {@link BenchmarkRun}
 * asks each for its files before anything is timed.
 */
interface InputFiles {

  /** Returns the directory of the files, which {@code bench/run} sets. */
  static Path directory() {
    return Path.of(
        System.getProperty(
            "kho.bench.directory", System.getProperty("java.io.tmpdir") + "/kho4j-bench"));
  }

  /** Writes the files that are not there yet. */
  void writeTo(Path directory) throws IOException;

  /** Writes a RAM file that is not there yet; it gets its name when it is complete. */
  static void write(Path file, long size, Consumer<WritableMemory> content) throws IOException {
    if (!Files.exists(file)) {
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(fresh);
      try (WritableMemory memory = WritableMemory.create(fresh, 0, size)) {
        content.accept(memory);
      }
      Files.move(fresh, file);
    }
  }
}
