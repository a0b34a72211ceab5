package org.kho4j.memory;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Dumps of real kernels: small ones in the resources, large ones beside the repository. */
public final class KernelDumps {

  private KernelDumps() {}

  /** A large capture; the test is skipped where it is not. */
  public static Path large(String name) {
    Path directory = Path.of(System.getProperty("basedir", ".")).toAbsolutePath().normalize();
    for (; directory != null; directory = directory.getParent()) {
      Path capture = directory.resolve("shared/captures").resolve(name);
      if (Files.isReadable(capture)) {
        return capture;
      }
    }
    assumeTrue(false, name + " is not beside the repository");
    throw new AssertionError();
  }

  /** The bytes of a small one. */
  public static byte[] small(String name) throws IOException {
    try (InputStream in = KernelDumps.class.getResourceAsStream("/org/kho4j/memory/" + name)) {
      if (in == null) {
        throw new IOException("no resource " + name);
      }
      return in.readAllBytes();
    }
  }

  /** A copy of a small one as a file. */
  public static Path small(String name, Path directory) throws IOException {
    return Files.write(directory.resolve(name), small(name));
  }
}
