package org.kho4j.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * An open regular file, or a memory file (memfd), by its descriptor. Those that are made here are
 * not inherited by programs that this one starts. Safe to share between threads; after {@link
 * #close} every call throws {@link IllegalStateException}.
 */
public final class LinuxFile implements AutoCloseable {

  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_NOFOLLOW = Linux.isArm() ? 0x8000 : 0x20000;
  private static final int OWNER_ONLY = 0600;

  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;

  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_BYTES = 256;
  private static final int STX_MODE = 28;
  private static final int STX_SIZE = 40;
  private static final int S_IFMT = 0170000;
  private static final int S_IFREG = 0100000;

  private final Path path;
  private final int fd;
  // a descriptor's number is given to another file as soon as it is closed, so no call may be
  // under way then
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  private LinuxFile(Path path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  /**
   * Creates a file of that size, sparse, for its owner only, never through a symbolic link.
   *
   * @throws LinuxException EEXIST if there is a file or a link of that name
   * @throws IOException if it cannot be given that size; then there is no such file
   */
  public static LinuxFile create(Path path, long size) throws IOException {
    LinuxFile file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, "create");
    try {
      file.truncate(size);
      return file;
    } catch (LinuxException e) {
      file.close();
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /**
   * Opens a regular file to read and write it, never through a symbolic link.
   *
   * @throws LinuxException ELOOP if it is a link, EINVAL if it is not a regular file
   */
  public static LinuxFile open(Path path) throws LinuxException {
    return openRegular(path, O_RDWR | O_NOFOLLOW);
  }

  /**
   * Opens a regular file to read it, through symbolic links.
   *
   * @throws LinuxException EINVAL if it is not a regular file
   */
  public static LinuxFile openToRead(Path path) throws LinuxException {
    return openRegular(path, O_RDONLY);
  }

  private static LinuxFile openRegular(Path path, int flags) throws LinuxException {
    // O_NONBLOCK: a device or pipe in the file's place must not hang us
    LinuxFile file = open(path, flags | O_NONBLOCK | O_CLOEXEC, "open");
    try {
      if ((file.stat(ValueLayout.JAVA_SHORT, STX_MODE) & S_IFMT) != S_IFREG) {
        throw new LinuxException(path + " is not a regular file", Errno.EINVAL.number());
      }
      return file;
    } catch (LinuxException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Creates a memory file: RAM with a descriptor, gone when the last one who has it open or mapped
   * is.
   *
   * @param name what it is called in /proc, at most 249 bytes
   */
  public static LinuxFile memory(String name, long size, HugePages hugePages)
      throws LinuxException {
    Linux.checkSupported();
    int fd = Kernel.memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | hugePages.memfdFlags());
    if (fd < 0) {
      throw new LinuxException("cannot create the memory file \"%s\"".formatted(name), -fd);
    }
    LinuxFile file = new LinuxFile(Path.of("memfd:" + name.replace('\0', ' ')), fd);
    try {
      file.truncate(size);
      return file;
    } catch (LinuxException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Takes over a descriptor that this process was given.
   *
   * @param path what it is of, for messages
   */
  public static LinuxFile adopt(Path path, int fd) {
    Linux.checkSupported();
    return new LinuxFile(path, fd);
  }

  private static LinuxFile open(Path path, int flags, String verb) throws LinuxException {
    Linux.checkSupported();
    int fd = Kernel.open(path.toString(), flags, OWNER_ONLY);
    if (fd < 0) {
      throw new LinuxException("cannot " + verb + " " + path, -fd);
    }
    return new LinuxFile(path, fd);
  }

  /** What the file is called: its path as it was opened, or {@code memfd:} and its name. */
  public Path path() {
    return path;
  }

  /** The descriptor's number, to be handed on; it is this object's to close. */
  public int descriptor() {
    return fd;
  }

  /** Size in bytes. */
  public long size() throws LinuxException {
    return stat(ValueLayout.JAVA_LONG, STX_SIZE);
  }

  /** Cuts or grows the file; what is new is a hole, and reads as zeros. */
  public void truncate(long size) throws LinuxException {
    call(
        () -> "give %s a size of %d bytes".formatted(path, size), () -> Kernel.ftruncate(fd, size));
  }

  /** Frees the memory or blocks behind these bytes, which read as zeros from then on. */
  public void punchHole(long offset, long length) throws LinuxException {
    call(
        () -> "punch a hole of %d bytes at 0x%x into %s".formatted(length, offset, path),
        () -> Kernel.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));
  }

  /** Where the first data at or after {@code offset} begins, empty if all that follows is hole. */
  public OptionalLong nextData(long offset) throws LinuxException {
    return seek(offset, SEEK_DATA);
  }

  /** Where the first hole at or after {@code offset} begins, the file's end at the latest. */
  public OptionalLong nextHole(long offset) throws LinuxException {
    return seek(offset, SEEK_HOLE);
  }

  private OptionalLong seek(long offset, int whence) throws LinuxException {
    try {
      return OptionalLong.of(
          call(
              () -> "seek 0x%x in %s".formatted(offset, path),
              () -> Kernel.lseek(fd, offset, whence)));
    } catch (LinuxException e) {
      if (e.is(Errno.ENXIO)) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }

  /** Forbids these changes to a memory file from now on, for every process that has it. */
  public void seal(Set<Seal> seals) throws LinuxException {
    int bits = Seal.bits(seals);
    call(() -> "seal %s with %s".formatted(path, seals), () -> Kernel.fcntl(fd, F_ADD_SEALS, bits));
  }

  /** The seals that a memory file has. */
  public EnumSet<Seal> seals() throws LinuxException {
    return Seal.of(
        (int) call(() -> "read the seals of " + path, () -> Kernel.fcntl(fd, F_GET_SEALS, 0)));
  }

  /**
   * Maps part of the file, shared with all who map it, readable and writable, to a fixed address.
   */
  void mapAt(long address, long offset, long length) throws LinuxException {
    long result;
    lock.readLock().lock();
    try {
      checkOpen();
      result = Mappings.mapShared(address, length, fd, offset);
    } finally {
      lock.readLock().unlock();
    }
    if (result < 0) {
      throw new LinuxException(
          "cannot map %d bytes of %s from 0x%x on".formatted(length, path, offset), (int) -result);
    }
  }

  private long stat(ValueLayout field, long offset) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(STATX_BYTES, Long.BYTES);
      call(() -> "look at " + path, () -> Kernel.statx(fd, AT_EMPTY_PATH, STATX_BASIC_STATS, stat));
      return field.equals(ValueLayout.JAVA_SHORT)
          ? stat.get(ValueLayout.JAVA_SHORT, offset)
          : stat.get(ValueLayout.JAVA_LONG, offset);
    }
  }

  private long call(Supplier<String> what, Call call) throws LinuxException {
    lock.readLock().lock();
    try {
      checkOpen();
      long result = call.run();
      if (result < 0) {
        throw new LinuxException("cannot " + what.get(), (int) -result);
      }
      return result;
    } finally {
      lock.readLock().unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(path + " is closed");
    }
  }

  /** Closes the descriptor. Mappings stay; closing again does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        Kernel.close(fd);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  @FunctionalInterface
  private interface Call {
    long run();
  }
}
