package org.kho4j.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** An open regular file, or a memory file (memfd). */
public final class LinuxFile extends LinuxDescriptor {

  private static final int O_RDONLY = 0;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_NOFOLLOW = Linux.isArm() ? 0x8000 : 0x20000;
  private static final int OWNER_ONLY = 0600;

  private static final long HUGE_PAGE = 2L << 20;

  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;

  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final int STRUCT_FLOCK_BYTES = 32;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;
  private static final int STRUCT_STATFS_BYTES = 120;
  private static final long HUGETLBFS_MAGIC = 0x958458f6L;
  private static final long TMPFS_MAGIC = 0x01021994;
  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_BYTES = 256;
  private static final int STX_NLINK = 16;
  private static final int STX_UID = 20;
  private static final int STX_MODE = 28;
  private static final int STX_INO = 32;
  private static final int STX_SIZE = 40;
  private static final int STX_BLOCKS = 48;
  private static final int BLOCK = 512;
  private static final int PERMISSIONS = 07777;
  private static final int S_IFMT = 0170000;
  private static final int S_IFREG = 0100000;

  private LinuxFile(Path path, int fd) {
    super(path, fd);
  }

  /**
   * Creates a file of that size, sparse, for its owner only, never through a symbolic link.
   *
   * @throws LinuxException EEXIST if there is a file or a link of that name
   * @throws IOException if the file cannot have that size; then there is no such file
   */
  public static LinuxFile create(Path path, long size) throws IOException {
    LinuxFile file =
        open(
            path,
            SystemCalls.O_RDWR | O_CREAT | O_EXCL | SystemCalls.O_CLOEXEC | O_NOFOLLOW,
            "create");
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
    return openRegular(path, SystemCalls.O_RDWR | O_NOFOLLOW);
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
    LinuxFile file = open(path, flags | O_NONBLOCK | SystemCalls.O_CLOEXEC, "open");
    try {
      if ((file.mode() & S_IFMT) != S_IFREG) {
        throw new LinuxException(path + " is not a regular file", Errno.EINVAL.number());
      }
      return file;
    } catch (LinuxException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Creates a memory file: RAM with a descriptor, which ends with its last descriptor and mapping.
   *
   * @param name name of the file in /proc, at most 249 bytes
   */
  public static LinuxFile memory(String name, long size, HugePages hugePages)
      throws LinuxException {
    Linux.checkSupported();
    int fd =
        SystemCalls.memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | hugePages.memfdFlags());
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
   * Takes over a descriptor that this process received.
   *
   * @param path path of the open file, for messages
   */
  public static LinuxFile adopt(Path path, int fd) {
    Linux.checkSupported();
    return new LinuxFile(path, fd);
  }

  private static LinuxFile open(Path path, int flags, String verb) throws LinuxException {
    Linux.checkSupported();
    int fd = SystemCalls.open(path.toString(), flags, OWNER_ONLY);
    if (fd < 0) {
      throw new LinuxException("cannot %s %s".formatted(verb, path), -fd);
    }
    return new LinuxFile(path, fd);
  }

  /** Returns the size in bytes. */
  public long size() throws LinuxException {
    return stat().get(ValueLayout.JAVA_LONG, STX_SIZE);
  }

  /**
   * Returns the bytes of memory or disk behind the file: less than {@link #size} if it has holes.
   */
  public long allocatedBytes() throws LinuxException {
    return stat().get(ValueLayout.JAVA_LONG, STX_BLOCKS) * BLOCK;
  }

  /** Returns the number of the file's inode. */
  long inode() throws LinuxException {
    return stat().get(ValueLayout.JAVA_LONG, STX_INO);
  }

  /** Returns whether a directory has the file: not a memory file, nor a file that was deleted. */
  public boolean isLinked() throws LinuxException {
    return stat().get(ValueLayout.JAVA_INT, STX_NLINK) != 0;
  }

  /** Returns the user id of the file's owner. */
  public int owner() throws LinuxException {
    return stat().get(ValueLayout.JAVA_INT, STX_UID);
  }

  /**
   * Returns the permission bits, as {@code 0600}. A memory file has {@code 0777}: it has no path.
   */
  public int permissions() throws LinuxException {
    return mode() & PERMISSIONS;
  }

  private int mode() throws LinuxException {
    return stat().get(ValueLayout.JAVA_SHORT, STX_MODE);
  }

  /** Returns whether the file consists of huge pages from a pool, which LUO cannot preserve. */
  public boolean isHugetlb() throws LinuxException {
    return fileSystem() == HUGETLBFS_MAGIC;
  }

  /** Returns whether the file's content is in memory only: a memory file, or a file on a tmpfs. */
  public boolean isInMemory() throws LinuxException {
    return fileSystem() == TMPFS_MAGIC || isHugetlb();
  }

  private long fileSystem() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statfs = arena.allocate(STRUCT_STATFS_BYTES, Long.BYTES);
      call(
          () -> "look at the file system of " + path(),
          () -> SystemCalls.fstatfs(descriptor(), statfs));
      return statfs.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /**
   * Opens the same file once more, with an open file description of its own. A lock belongs to the
   * description: systemd keeps a duplicate of a stored descriptor, which shares the description, so
   * a lock on the stored descriptor would outlive its process.
   */
  public LinuxFile reopen() throws LinuxException {
    String self = "/proc/self/fd/" + descriptor();
    int flags = SystemCalls.O_RDWR | SystemCalls.O_CLOEXEC;
    long fd = call(() -> "reopen " + path(), () -> SystemCalls.open(self, flags, OWNER_ONLY));
    return new LinuxFile(path(), (int) fd);
  }

  /**
   * Locks the file for this open file description (F_OFD_SETLK), exclusively and without waiting.
   * The kernel drops the lock when the last descriptor of the description is closed, at the latest
   * when its processes end. {@link #reopen} a file that was received from another process first.
   *
   * @return whether the lock was free
   */
  public boolean tryLock() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = wholeFile(arena);
      call(
          () -> "lock " + path(),
          () -> SystemCalls.fcntl(descriptor(), F_OFD_SETLK, flock.address()));
      return true;
    } catch (LinuxException e) {
      if (e.is(Errno.EAGAIN) || e.is(Errno.EACCES)) {
        return false;
      }
      throw e;
    }
  }

  /** Returns whether another open file description has the file locked. Locks nothing. */
  public boolean isLocked() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = wholeFile(arena);
      call(
          () -> "look for a lock on " + path(),
          () -> SystemCalls.fcntl(descriptor(), F_OFD_GETLK, flock.address()));
      return flock.get(ValueLayout.JAVA_SHORT, 0) != F_UNLCK;
    }
  }

  /** Returns a struct flock for an exclusive lock on all of the file. */
  private static MemorySegment wholeFile(Arena arena) {
    MemorySegment flock = arena.allocate(STRUCT_FLOCK_BYTES, Long.BYTES);
    flock.set(ValueLayout.JAVA_SHORT, 0, F_WRLCK);
    return flock;
  }

  /**
   * Allocates memory or disk for all of the file's holes, which still read as zeros.
   *
   * @throws LinuxException ENOMEM if a file in memory needs more than the host has available, and
   *     ENOSPC if its file system is too small. Nothing is allocated then
   */
  public void reserve() throws LinuxException {
    long size = size();
    String what = "reserve %d bytes for %s".formatted(size, path());
    if (isInMemory()) {
      // the kernel would rather kill processes than refuse memory
      long available = Linux.availableMemory();
      if (size - allocatedBytes() > available) {
        throw new LinuxException(
            "cannot " + what,
            Errno.ENOMEM.number(),
            Map.of(Errno.ENOMEM, available + " bytes of memory are available"));
      }
    }
    call(() -> what, () -> SystemCalls.fallocate(descriptor(), 0, 0, size));
  }

  /** Truncates or extends the file; new bytes are a hole, and read as zeros. */
  public void truncate(long size) throws LinuxException {
    call(
        () -> "give %s a size of %d bytes".formatted(path(), size),
        () -> SystemCalls.ftruncate(descriptor(), size));
  }

  /** Frees the memory or blocks behind these bytes, which read as zeros from then on. */
  public void punchHole(long offset, long length) throws LinuxException {
    call(
        () -> "punch a hole of %d bytes at 0x%x into %s".formatted(length, offset, path()),
        () ->
            SystemCalls.fallocate(
                descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));
  }

  /**
   * Returns the offset of the first data at or after {@code offset}; empty if only a hole follows.
   */
  public OptionalLong nextData(long offset) throws LinuxException {
    return seek(offset, SEEK_DATA);
  }

  /**
   * Returns the offset of the first hole at or after {@code offset}, the file's end at the latest.
   */
  public OptionalLong nextHole(long offset) throws LinuxException {
    return seek(offset, SEEK_HOLE);
  }

  private OptionalLong seek(long offset, int whence) throws LinuxException {
    try {
      return OptionalLong.of(
          call(
              () -> "seek 0x%x in %s".formatted(offset, path()),
              () -> SystemCalls.lseek(descriptor(), offset, whence)));
    } catch (LinuxException e) {
      if (e.is(Errno.ENXIO)) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }

  /** Adds seals to a memory file, which forbid changes from now on, for every process. */
  public void seal(Set<Seal> seals) throws LinuxException {
    int bits = Seal.bits(seals);
    call(
        () -> "seal %s with %s".formatted(path(), seals),
        () -> SystemCalls.fcntl(descriptor(), F_ADD_SEALS, bits));
  }

  /** Returns the seals of a memory file. */
  public EnumSet<Seal> seals() throws LinuxException {
    return Seal.of(
        (int)
            call(
                () -> "read the seals of " + path(),
                () -> SystemCalls.fcntl(descriptor(), F_GET_SEALS, 0)));
  }

  /**
   * Maps part of the file, shared with all other mappings, readable and writable.
   *
   * @param offset a multiple of the host's page size
   * @param length bytes, at least 1, up to the end of the file
   * @param arena unmaps it when the arena is closed
   * @throws IllegalArgumentException if the file does not have these bytes: access to a mapping
   *     behind a file's end is a fault
   * @throws LinuxException ENOMEM if the mappings of files take half of those that the kernel
   *     allows a process: beyond its limit, a JVM fails in unrelated places
   */
  public MemorySegment map(long offset, long length, Arena arena) throws LinuxException {
    long size = size();
    if (offset < 0 || length <= 0 || length > size - offset) {
      throw new IllegalArgumentException(
          "%s: %d bytes at offset %d are not in its %d bytes"
              .formatted(path(), length, offset, size));
    }
    if (!ExtentBudget.PROCESS.acquire(1)) {
      throw new LinuxException(
          "cannot map %d bytes of %s".formatted(length, path()),
          Errno.ENOMEM.number(),
          Map.of(Errno.ENOMEM, "mappings take half of vm.max_map_count"));
    }
    long page = Linux.pageSize();
    long padded = (length + page - 1) & -page;
    long address = 0;
    try {
      address = Mappings.reserve(padded, length >= HUGE_PAGE ? HUGE_PAGE : page);
      mapAt(address, offset, padded);
      long mapped = address;
      return MemorySegment.ofAddress(mapped)
          .reinterpret(length, arena, _ -> ExtentBudget.PROCESS.unmap(mapped, padded, 1));
    } catch (LinuxException | RuntimeException e) {
      ExtentBudget.PROCESS.unmap(address, padded, 1);
      throw e;
    }
  }

  /**
   * Maps part of the file to a fixed address, shared with all other mappings, readable and
   * writable.
   */
  void mapAt(long address, long offset, long length) throws LinuxException {
    call(
        () -> "map %d bytes of %s from 0x%x on".formatted(length, path(), offset),
        () -> Mappings.mapShared(address, length, descriptor(), offset));
  }

  private MemorySegment stat() throws LinuxException {
    MemorySegment stat = Arena.ofAuto().allocate(STATX_BYTES, Long.BYTES);
    call(
        () -> "look at " + path(),
        () -> SystemCalls.statx(descriptor(), AT_EMPTY_PATH, STATX_BASIC_STATS, stat));
    return stat;
  }
}
