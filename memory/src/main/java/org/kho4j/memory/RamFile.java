package org.kho4j.memory;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.kho4j.files.MalformedImageException;

/** RAM files, mapped by Java alone. */
final class RamFile {

  private static final FileAttribute<?>[] NONE = {};
  private static final FileAttribute<?>[] OWNER_ONLY = {
    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
  };

  private RamFile() {}

  static WritableMemory create(Path path, long base, long size) throws IOException {
    boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
    try (FileChannel channel =
        FileChannel.open(
            path,
            Set.of(CREATE_NEW, SPARSE, READ, WRITE, NOFOLLOW_LINKS),
            posix ? OWNER_ONLY : NONE)) {
      try {
        return map(path, channel, base, size);
      } catch (IOException | RuntimeException | OutOfMemoryError e) {
        Files.deleteIfExists(path);
        throw e;
      }
    }
  }

  static WritableMemory open(Path path, long base) throws IOException {
    if (Files.exists(path, NOFOLLOW_LINKS) && !Files.isRegularFile(path, NOFOLLOW_LINKS)) {
      throw new MalformedImageException(
          path + " is not a regular file: memory is written through no link and to no device");
    }
    try (FileChannel channel = FileChannel.open(path, Set.of(READ, WRITE, NOFOLLOW_LINKS))) {
      long size = channel.size();
      if (size == 0) {
        throw new MalformedImageException(path + " is empty");
      }
      WritableMemory.checkRange(path.toString(), base, size);
      return map(path, channel, base, size);
    }
  }

  @SuppressWarnings("MustBeClosed")
  private static WritableMemory map(Path path, FileChannel channel, long base, long size)
      throws IOException {
    Arena arena = Arena.ofShared();
    try {
      // mapping a file for writing grows it to the mapping's size, without allocating blocks
      return WritableMemory.over(
          path,
          channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena),
          base,
          arena,
          Stitcher.NONE);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }
}
