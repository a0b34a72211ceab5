package org.kho4j.cli.output;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.WritableMemory;

/**
 * A file that gets its name when it is complete. Until then it is a hidden file beside, which goes
 * away when the work fails or the process gets a signal to end; {@code kill -9} alone leaves it
 * there.
 */
public final class OutputFile implements AutoCloseable {

  private static final FileAttribute<?>[] NONE = {};
  private static final FileAttribute<?>[] OWNER_ONLY = {
    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
  };

  private final Path target;
  private final Path directory;
  private final boolean replace;
  private final Path temporary;
  private @Nullable FileChannel channel;
  private final Thread atExit = new Thread(this::abandon, "kho-output-cleanup");
  private boolean over;
  private boolean named;

  private OutputFile(Path target, Path directory, boolean replace) {
    this.target = target;
    this.directory = directory;
    this.replace = replace;
    String random = Long.toHexString(ThreadLocalRandom.current().nextLong());
    this.temporary = target.resolveSibling(".kho-" + random + ".part");
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Begins a file; makes nothing yet.
   *
   * @param replace whether a file of that name may be there, which is then replaced at the end
   * @param read the files that the command reads, which are never replaced
   * @throws IOException with a sentence if the name cannot be used
   */
  public static OutputFile create(Path target, boolean replace, Collection<Path> read)
      throws IOException {
    if (target.toString().equals("-")) {
      throw failure(
          target, "standard output cannot be this file; ./- is the name of a file called -");
    }
    Path directory = target.toAbsolutePath().getParent();
    if (target.getFileName() == null || directory == null || Files.isDirectory(target)) {
      throw failure(target, "is a directory");
    }
    if (!Files.isDirectory(directory)) {
      throw failure(directory, "no such directory");
    }
    if (Files.exists(target, NOFOLLOW_LINKS)) {
      if (!Files.isRegularFile(target, NOFOLLOW_LINKS) && !Files.isSymbolicLink(target)) {
        throw failure(target, "is not a regular file, so it is not replaced");
      }
      if (Files.isSymbolicLink(target) && isOfTheSystem(target, directory)) {
        throw failure(
            target,
            "is a link to a device or stream, so it is not replaced (standard output is -)");
      }
      for (Path file : read) {
        if (Files.isRegularFile(target) && Files.isSameFile(target, file)) {
          throw failure(target, "is read by this command, so it is not replaced");
        }
      }
      if (!replace) {
        throw failure(target, "exists; --force replaces it");
      }
    }
    return new OutputFile(target, directory.toRealPath(), replace);
  }

  /**
   * Returns whether other programs need a link, as {@code /dev/stdout}, which may lead to a regular
   * file: one to a device, a pipe or a socket, or in a directory of such links.
   */
  private static boolean isOfTheSystem(Path link, Path directory) throws IOException {
    Path real = directory.toRealPath();
    return real.equals(Path.of("/dev"))
        || real.startsWith("/proc")
        || (Files.exists(link) && !Files.isRegularFile(link));
  }

  private FileChannel open() throws IOException {
    boolean posix = target.getFileSystem().supportedFileAttributeViews().contains("posix");
    try {
      return FileChannel.open(
          temporary,
          Set.of(CREATE_NEW, READ, WRITE, SPARSE, NOFOLLOW_LINKS),
          posix ? OWNER_ONLY : NONE);
    } catch (FileSystemException e) {
      throw failure(target, "cannot be created: " + FileReason.of(e));
    }
  }

  /** Returns the exception for a fault of a file. */
  public static FileSystemException failure(Path file, @Nullable String reason) {
    return new FileSystemException(file.toString(), null, reason);
  }

  /** The name that it gets. */
  public Path target() {
    return target;
  }

  /** Returns whether another file gets the same name, however it is spelled. */
  public boolean isNamedAs(OutputFile other) {
    return directory
        .resolve(target.getFileName())
        .equals(other.directory.resolve(other.target.getFileName()));
  }

  /**
   * Returns the path for writing, for callers that need a path. No file has the target's name until
   * the work is done.
   */
  public Path temporary() {
    return temporary;
  }

  /**
   * Checks that there is room.
   *
   * @param bytes at least this many will be written
   */
  public void requireRoom(long bytes) throws IOException {
    Path directory = Objects.requireNonNull(temporary.toAbsolutePath().getParent());
    long room = directory.toFile().getUsableSpace();
    if (bytes > room) {
      throw failure(
          target,
          "%s are to be written, but its file system has room for %s"
              .formatted(Units.size(bytes), Units.size(room)));
    }
  }

  /** Writes all of the content, into a file that is as readable as the umask lets it be. */
  public void write(byte[] content) throws IOException {
    try {
      Files.write(temporary, content, CREATE_NEW);
    } catch (FileSystemException e) {
      throw failure(target, "cannot be created: " + FileReason.of(e));
    } catch (IOException e) {
      throw failure(target, e.getMessage());
    }
  }

  /** Returns the channel for the content, for callers that need one; made on the first call. */
  public FileChannel channel() throws IOException {
    FileChannel made = channel;
    if (made == null) {
      made = open();
      channel = made;
    }
    return made;
  }

  /**
   * Creates the content as memory: sparse, all zeros.
   *
   * @param range the memory's addresses
   */
  public WritableMemory memory(AddressRange range) throws IOException {
    try {
      return WritableMemory.create(temporary, range.address(), range.length());
    } catch (FileSystemException e) {
      throw failure(target, "cannot be created: " + FileReason.of(e));
    } catch (IOException e) {
      throw failure(
          target,
          "cannot be a file of %s: %s".formatted(Units.size(range.length()), e.getMessage()));
    }
  }

  /** Waits until the content that went through the channel is on the disk. */
  public void sync() throws IOException {
    channel().force(true);
  }

  /**
   * Gives the file its name.
   *
   * @throws IOException if that cannot be done; then there is no such file, or the old one
   */
  public void commit() throws IOException {
    synchronized (atExit) {
      if (over) {
        throw failure(target, "not written: the process received a signal to end");
      }
      if (channel != null) {
        channel.close();
      }
      if (replace) {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } else {
        nameUnlessThere();
      }
      over = true;
      named = true;
    }
    forgetExit();
  }

  /** Takes back the name that it got before something else failed, unless it replaced a file. */
  public void withdraw() throws IOException {
    if (named && !replace) {
      Files.deleteIfExists(target);
    }
  }

  /** A rename would replace what was created meanwhile; a link does not. */
  private void nameUnlessThere() throws IOException {
    try {
      Files.createLink(target, temporary);
      Files.delete(temporary);
    } catch (FileAlreadyExistsException e) {
      throw failure(target, "was created by another process in the meantime; --force replaces it");
    } catch (UnsupportedOperationException | FileSystemException e) {
      // A file system without links.
      if (Files.exists(target, NOFOLLOW_LINKS)) {
        throw failure(
            target, "was created by another process in the meantime; --force replaces it");
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Removes what was written, unless it has its name. */
  private void abandon() {
    synchronized (atExit) {
      if (over) {
        return;
      }
      over = true;
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // Nothing can be done about it, and nothing has the final name.
      }
    }
  }

  private void forgetExit() {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // It is running.
    }
  }

  @Override
  public void close() throws IOException {
    abandon();
    forgetExit();
    if (channel != null) {
      channel.close();
    }
  }
}
