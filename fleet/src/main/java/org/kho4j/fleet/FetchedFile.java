package org.kho4j.fleet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** A file of the input as a local file: itself where it is local, else a copy that is deleted. */
final class FetchedFile implements AutoCloseable {

  private final Path local;
  private final boolean copied;

  private FetchedFile(Path local, boolean copied) {
    this.local = local;
    this.copied = copied;
  }

  static FetchedFile of(InputFile file, Configuration conf) throws IOException {
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(file.path());
    if ("file".equals(path.toUri().getScheme())) {
      return new FetchedFile(Path.of(path.toUri().getPath()), false);
    }
    FileSystem system = path.getFileSystem(conf);
    Path copy = Files.createTempFile("kho-fleet-", ".part");
    try (var in = system.open(path);
        var out = Files.newOutputStream(copy)) {
      in.transferTo(out);
      return new FetchedFile(copy, true);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(copy);
      throw e;
    }
  }

  String local() {
    return local.toString();
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
