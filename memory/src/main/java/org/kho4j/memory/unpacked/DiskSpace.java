package org.kho4j.memory.unpacked;

import java.io.IOException;
import java.nio.file.Path;

/** Sees to it that a directory's file system is not filled to the brim. */
public final class DiskSpace {

  /** Bytes that are left to others. */
  static final long RESERVE = 64L << 20;

  /** Looked at so often: a small image never costs a look. */
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
  public DiskSpace(Path directory, Path image) {
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
            image
                + " does not fit decompressed into "
                + directory
                + ": after "
                + written
                + " bytes, "
                + free
                + " are free there and "
                + (RESERVE + STEP)
                + " have to be (-Djava.io.tmpdir=DIR names another directory)");
      }
    }
  }
}
