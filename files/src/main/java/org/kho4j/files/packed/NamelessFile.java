package org.kho4j.files.packed;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.zip.DataFormatException;
import org.kho4j.files.MappedFile;

/** Writes a temporary file that has no name any more. */
final class NamelessFile {

  private static final int ATTEMPTS = 100;

  private NamelessFile() {}

  /** Writes the content of the file. */
  @FunctionalInterface
  interface Filling {
    void fill(SparseOutput out) throws IOException, DataFormatException;
  }

  /**
   * Maps a new file.
   *
   * @param path the name to use in messages
   */
  static MappedFile of(Path path, Spool spool, Filling filling)
      throws IOException, DataFormatException {
    Path directory = Path.of(System.getProperty("java.io.tmpdir"));
    DiskSpace space = new DiskSpace(directory, path);
    FileChannel channel = create(directory, space);
    try (SparseOutput out = new SparseOutput(channel, space, spool)) {
      filling.fill(out);
      out.finish();
      return MappedFile.map(path, channel, out.holes());
    } catch (IOException | DataFormatException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Returns a file that only its owner may read, and that is gone with its last user. */
  private static FileChannel create(Path directory, DiskSpace space) throws IOException {
    Set<StandardOpenOption> options =
        Set.of(
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.DELETE_ON_CLOSE);
    for (int attempt = 0; ; attempt++) {
      // Not Files.createTempFile: its random numbers take a short-lived command 20 ms. A name that
      // is taken does no harm, CREATE_NEW neither opens nor follows it.
      Path name = directory.resolve("kho4j-".concat(Long.toHexString(System.nanoTime())));
      try {
        return FileChannel.open(name, options, ownerOnly(directory));
      } catch (FileAlreadyExistsException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      } catch (FileSystemException e) {
        String reason =
            switch (e) {
              case NoSuchFileException _ -> "no such directory";
              case AccessDeniedException _ -> "permission denied";
              default -> e.getReason();
            };
        throw new IOException(space.failure(String.valueOf(reason)), e);
      }
    }
  }

  private static FileAttribute<?>[] ownerOnly(Path directory) {
    if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    };
  }
}
