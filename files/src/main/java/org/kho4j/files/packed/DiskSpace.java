package org.kho4j.files.packed;

import java.io.IOException;
import java.nio.file.Path;

/** Keeps a reserve free on the file system of a directory. */
final class DiskSpace {

  /** Bytes that stay free. */
  static final long RESERVE = 64L << 20;

  /** Bytes between two looks at the file system: a small image costs none. */
  private static final long STEP = 32L << 20;

  private final Path directory;
  private final Path image;
  private long untilLook = STEP;
  private long written;

  /**
   * Watches a directory.
   *
   * @param image the image that is unpacked, for the message
   */
  DiskSpace(Path directory, Path image) {
    this.directory = directory;
    this.image = image;
  }

  /** Counts bytes that are about to be written. */
  void take(long bytes) throws IOException {
    written += bytes;
    untilLook -= bytes;
    if (untilLook <= 0) {
      untilLook = STEP;
      long free = directory.toFile().getUsableSpace();
      if (free < RESERVE + STEP) {
        throw new IOException(
            ("%s does not fit decompressed into %s: after %d bytes, only %d bytes are free there,"
                    + " but %d must stay free (-Djava.io.tmpdir=DIR sets another directory)")
                .formatted(image, directory, written, free, RESERVE + STEP));
      }
    }
  }
}
