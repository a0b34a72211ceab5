package org.kho4j.files.packed;

import java.io.IOException;
import java.nio.file.Path;

/** Room for a temporary file in a directory, of whose file system a reserve stays free. */
final class DiskSpace {

  /** Bytes that stay free. */
  static final long RESERVE = 64L << 20;

  /** Most bytes between two looks at the file system. */
  private static final long STEP = 32L << 20;

  private final Path directory;
  private final Path image;
  private long untilLook;
  private long written;

  /**
   * Watches a directory.
   *
   * @param image whose bytes are written, for the message
   */
  DiskSpace(Path directory, Path image) {
    this.directory = directory;
    this.image = image;
  }

  /** Counts bytes that are about to be written. */
  void take(long bytes) throws IOException {
    if (bytes > untilLook) {
      long free = directory.toFile().getUsableSpace();
      long room = free - RESERVE;
      if (bytes > room) {
        throw new IOException(
            failure(
                "after %d bytes, only %d bytes are free there, and %d must stay free"
                    .formatted(written, free, RESERVE)));
      }
      untilLook = Math.max(bytes, Math.min(STEP, room));
    }
    untilLook -= bytes;
    written += bytes;
  }

  /** Returns the sentence about a file that cannot be created or written. */
  String failure(String reason) {
    return ("the temporary file of %s in %s: %s (KHO_JAVA_OPTS=-Djava.io.tmpdir=DIR sets another"
            + " directory)")
        .formatted(image, directory, reason);
  }
}
