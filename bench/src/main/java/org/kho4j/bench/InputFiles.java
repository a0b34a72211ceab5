package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A benchmark that reads files, so that its peer in C reads the very same. {@link BenchmarkRun}
 * asks each for its files before anything is timed.
 */
interface InputFiles {

  /** Where the files are: what {@code bench/run} sets. */
  static Path directory() {
    return Path.of(
        System.getProperty(
            "kho.bench.directory", System.getProperty("java.io.tmpdir") + "/kho4j-bench"));
  }

  /** Writes the files that are not there yet. */
  void writeTo(Path directory) throws IOException;
}
