package org.kho4j.fleet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.kho4j.memory.image.MemoryImages;

/**
 * A file of the input as a local file: itself where it is local, else a copy that is deleted. A
 * large memory image of another file system is not copied: it is {@link #ranged}.
 */
final class FetchedFile implements AutoCloseable {

  /** A packed image is copied to be unpacked; a larger one is refused. */
  static final long MAX_COPIED = 4L << 30;

  private static final int START = 1 << 12;

  private final Path local;
  private final boolean copied;
  private final Optional<FileStatus> stored;

  private FetchedFile(Path local, boolean copied, Optional<FileStatus> stored) {
    this.local = local;
    this.copied = copied;
    this.stored = stored;
  }

  /**
   * Fetches a file.
   *
   * @param size from which on an image is read by ranges
   */
  static FetchedFile of(String name, Configuration conf, long size) throws IOException {
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(name);
    FileSystem system = path.getFileSystem(conf);
    if ("file".equals(path.toUri().getScheme())) {
      return new FetchedFile(Path.of(path.toUri().getPath()), false, Optional.empty());
    }
    FileStatus status = system.getFileStatus(path);
    if (status.getLen() > size) {
      if (!isSequential(system, path)) {
        return new FetchedFile(Path.of(name), false, Optional.of(status));
      }
      if (status.getLen() > MAX_COPIED) {
        throw new IOException(
            "%s: is packed or flattened and has %d bytes: at most %d are copied to be unpacked; store it unpacked"
                .formatted(name, status.getLen(), MAX_COPIED));
      }
    }
    Path copy = Files.createTempFile("kho-fleet-", ".part");
    try (InputStream in = system.open(path);
        OutputStream out = Files.newOutputStream(copy)) {
      in.transferTo(out);
      return new FetchedFile(copy, true, Optional.empty());
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(copy);
      throw e;
    }
  }

  private static boolean isSequential(FileSystem system, org.apache.hadoop.fs.Path path)
      throws IOException {
    try (FSDataInputStream in = system.open(path)) {
      byte[] start = new byte[START];
      in.readFully(0, start);
      return MemoryImages.isSequential(MemorySegment.ofArray(start));
    }
  }

  /** The local file's name; of an image that is read by ranges, its own. */
  String local() {
    return local.toString();
  }

  /** The image that is to be read by ranges; empty for a local file. */
  Optional<MemoryImages.RangedImage> ranged(Configuration conf) throws IOException {
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    FileStatus file = stored.get();
    FSDataInputStream in = file.getPath().getFileSystem(conf).open(file.getPath());
    return Optional.of(MemoryImages.open(local, new StoredRanges(in, file.getLen())));
  }

  @Override
  public void close() {
    if (copied) {
      try {
        Files.deleteIfExists(local);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
