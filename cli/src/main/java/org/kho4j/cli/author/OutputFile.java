package org.kho4j.cli.author;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.UUID;
import org.kho4j.cli.output.Units;

/**
 * A file that is there whole or not at all: it is written under another name beside its own, and
 * gets that last.
 */
public final class OutputFile implements AutoCloseable {

  private final Path target;
  private final Path temporary;
  private final boolean replace;
  private boolean published;

  private OutputFile(Path target, Path temporary, boolean replace) {
    this.target = target;
    this.temporary = temporary;
    this.replace = replace;
  }

  /**
   * Checks that a file can be written; makes nothing yet.
   *
   * @param replace whether a file of that name may be there
   */
  static OutputFile of(Path target, boolean replace) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path directory = absolute.getParent();
    Path name = absolute.getFileName();
    if (directory == null || name == null) {
      throw new FileSystemException(target.toString(), null, "is not the name of a file");
    }
    if (!Files.isDirectory(directory)) {
      throw new NoSuchFileException(directory.toString());
    }
    if (Files.exists(target, NOFOLLOW_LINKS)) {
      if (!replace) {
        throw exists(target);
      }
      var attributes = Files.readAttributes(target, BasicFileAttributes.class, NOFOLLOW_LINKS);
      if (!attributes.isRegularFile()) {
        throw new FileSystemException(
            target.toString(), null, "is not a regular file, so --force does not replace it");
      }
    }
    Path temporary = directory.resolve("." + name + "." + UUID.randomUUID() + ".tmp");
    temporary.toFile().deleteOnExit(); // for a run that is interrupted
    return new OutputFile(target, temporary, replace);
  }

  /**
   * Checks that there is room.
   *
   * @param bytes at least this many will be written
   */
  public void requireRoom(long bytes) throws IOException {
    long room = directory().toFile().getUsableSpace();
    if (bytes > room) {
      throw new FileSystemException(
          target.toString(),
          null,
          "%s are written, and its file system has room for %s"
              .formatted(Units.size(bytes), Units.size(room)));
    }
  }

  private Path directory() {
    return Objects.requireNonNull(temporary.getParent(), "made below a directory");
  }

  /** The name that it gets. */
  public Path target() {
    return target;
  }

  /** Where to write it. Nothing has that name. */
  public Path temporary() {
    return temporary;
  }

  /**
   * Gives the file its name.
   *
   * @throws FileAlreadyExistsException if there is a file of that name by now
   */
  void publish() throws IOException {
    if (!replace) {
      try {
        // Other than a rename, a link never replaces what came there in the meantime.
        Files.createLink(target, temporary);
        published = true;
        return;
      } catch (FileAlreadyExistsException e) {
        throw exists(target);
      } catch (UnsupportedOperationException | FileSystemException e) {
        if (Files.exists(target, NOFOLLOW_LINKS)) {
          throw exists(target);
        }
      }
    }
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    published = true;
  }

  /** Takes a file back that got its name before another one failed. */
  void withdraw() throws IOException {
    if (published && !replace) {
      Files.deleteIfExists(target);
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(temporary);
  }

  private static FileAlreadyExistsException exists(Path target) {
    return new FileAlreadyExistsException(
        target.toString(), null, "is there already; --force replaces it");
  }
}
