package org.kho4j.memory;

import java.io.IOException;
import java.nio.file.Path;

/** Opens memory images. */
public final class MemoryImages {

  private MemoryImages() {}

  /** Opens an image with {@link OpenOptions#DEFAULT}. */
  public static PhysicalMemory open(Path path) throws IOException {
    return open(path, OpenOptions.DEFAULT);
  }

  /**
   * Opens an image: a raw RAM file, an ELF core, a kdump-compressed dump (raw or flattened), or one
   * of these zstd-compressed as a whole.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if the file is not what it claims to be, or not what {@code
   *     options} say
   * @throws IOException if it cannot be read
   */
  @SuppressWarnings("DoNotCallSuggester")
  public static PhysicalMemory open(Path path, OpenOptions options) throws IOException {
    throw new IOException("not yet: " + path + options);
  }
}
