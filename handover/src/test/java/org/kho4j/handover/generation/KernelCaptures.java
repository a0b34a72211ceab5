package org.kho4j.handover.generation;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/** Where the captures of real kernels are. */
final class KernelCaptures {

  private KernelCaptures() {}

  /** Opens a capture; the test is skipped where it is not. */
  static PhysicalMemory open(String file) throws IOException {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(project.resolve("examples"))) {
      project = project.getParent();
    }
    Path found =
        Stream.of(
                "examples",
                "cli/src/test/resources/org/kho4j/cli/captures",
                "../shared/captures",
                "../../shared/captures")
            .map(project::resolve)
            .map(directory -> directory.resolve(file).normalize())
            .filter(Files::exists)
            .findFirst()
            .orElse(null);
    assumeThat(found).as("the capture %s", file).isNotNull();
    return MemoryImages.open(found);
  }
}
