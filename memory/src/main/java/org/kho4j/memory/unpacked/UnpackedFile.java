package org.kho4j.memory.unpacked;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.zip.DataFormatException;
import org.kho4j.memory.MalformedImageException;
import org.kho4j.memory.mapped.MappedFile;

/** A compressed image, unpacked into a temporary file that has no name any more. */
public final class UnpackedFile {

  private static final int ATTEMPTS = 100;

  private UnpackedFile() {}

  /**
   * Decompresses a file as a whole, or a part of it. Zero pages become holes, so that a mostly
   * empty machine takes little room.
   *
   * @param path the file's name, in messages too
   * @param packed the file, or the part
   * @param base where in the file that starts
   * @param limit most bytes that it may unpack to
   * @throws MalformedImageException if it is damaged, cut off, or decompresses to more
   * @throws IOException if there is not enough room for it
   */
  public static MappedFile unpack(
      Path path, MemorySegment packed, long base, long limit, Decoder decoder) throws IOException {
    Path directory = Path.of(System.getProperty("java.io.tmpdir"));
    try (FileChannel channel = create(directory);
        SparseOutput out = new SparseOutput(channel, new DiskSpace(directory, path), limit)) {
      try {
        decoder.decode(packed, out);
      } catch (DataFormatException e) {
        throw new MalformedImageException(
            path
                + ": "
                + decoder.format()
                + " at offset 0x"
                + Long.toHexString(base + decoder.position())
                + ": "
                + e.getMessage());
      }
      out.finish();
      return MappedFile.map(path, channel, out.holes());
    }
  }

  /** A file that only its owner may read, and that is gone with its last user. */
  private static FileChannel create(Path directory) throws IOException {
    Set<StandardOpenOption> options =
        Set.of(
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.DELETE_ON_CLOSE);
    for (int attempt = 0; ; attempt++) {
      // Not Files.createTempFile: its random numbers take a short-lived command 20 ms. A name that
      // somebody took is no harm, CREATE_NEW neither opens nor follows it.
      Path name = directory.resolve("kho4j-".concat(Long.toHexString(System.nanoTime())));
      try {
        return FileChannel.open(name, options, ownerOnly(directory));
      } catch (FileAlreadyExistsException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
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
