package org.kho4j.warm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.kho4j.warm.WarmException.Reason.FOREIGN;
import static org.kho4j.warm.WarmException.Reason.HUGETLB;
import static org.kho4j.warm.WarmException.Reason.PERMISSIONS;
import static org.kho4j.warm.WarmException.Reason.ROOM;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.HugePages;
import org.kho4j.linux.Linux;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.LinuxFile;
import org.kho4j.linux.Seal;
import org.kho4j.warm.WarmStore.SetAside;

/** Creates and opens the files of stores, and refuses files that this owner may not use. */
final class StoreFiles {

  private static final int OTHERS = 077;

  /** Attempts at opening a file that other processes create and replace at the same time. */
  private static final int MOST_TRIES = 100;

  private StoreFiles() {}

  /** Opens the store in a file, or creates it. Other processes may do the same meanwhile. */
  static WarmStore open(Path path, WarmOptions options) throws IOException {
    Path name = path.getFileName();
    if (name == null || name.toString().isEmpty()) {
      throw new IllegalArgumentException("\"%s\" is no path of a file".formatted(path));
    }
    if (!path.getFileSystem().equals(FileSystems.getDefault())) {
      throw new IllegalArgumentException("\"%s\" is in no file system of Linux".formatted(path));
    }
    for (int tries = 0; tries < MOST_TRIES; tries++) {
      Optional<LinuxFile> found = openIfThere(path);
      Optional<WarmStore> store =
          found.isPresent()
              ? openFound(path, found.get(), options)
              : create(path, options, Optional.empty());
      if (store.isPresent()) {
        return store.get();
      }
    }
    throw WarmStore.inUse(path);
  }

  /** Returns empty if another process replaced the file meanwhile. */
  private static Optional<WarmStore> openFound(Path path, LinuxFile found, WarmOptions options)
      throws IOException {
    try (found) {
      requireOwn(found);
      try {
        return attachNamed(path, found, options);
      } catch (WarmException e) {
        if (!options.setAside() || !e.isLasting()) {
          throw e;
        }
        if (!lock(found, path)) {
          return Optional.empty();
        }
        return create(path, options, Optional.of(e));
      }
    }
  }

  private static void requireOwn(LinuxFile file) throws LinuxException {
    if (file.owner() != Linux.effectiveUser()) {
      throw new WarmException(
          PERMISSIONS,
          "%s belongs to user %d; this process has user %d"
              .formatted(file.path(), file.owner(), Linux.effectiveUser()));
    }
    if ((file.permissions() & OTHERS) != 0) {
      throw new WarmException(
          PERMISSIONS,
          "%s has mode %04o: others can use it; a store has 0600"
              .formatted(file.path(), file.permissions()));
    }
  }

  /**
   * Opens a store that was found at a path.
   *
   * @return empty if another process set the file aside before this one had its lock
   */
  private static Optional<WarmStore> attachNamed(Path path, LinuxFile found, WarmOptions options)
      throws IOException {
    LinuxFile lock = lock(found);
    LinuxFile file;
    try {
      if (!isNamed(lock, path)) {
        lock.close();
        return Optional.empty();
      }
      file = found.reopen();
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
    return Optional.of(attachLocked(file, lock, options, Optional.empty()));
  }

  /** Opens a store. The file is the store's, and closed if this fails. */
  static WarmStore attach(LinuxFile file, WarmOptions options) throws IOException {
    return attach(file, options, Optional.empty());
  }

  /** Opens a store as {@link #attach(LinuxFile, WarmOptions)} does, in place of another one. */
  static WarmStore attach(LinuxFile file, WarmOptions options, Optional<SetAside> aside)
      throws IOException {
    LinuxFile lock;
    try {
      lock = lock(file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    return attachLocked(file, lock, options, aside);
  }

  /** Locks a store's file with an open file description of its own. */
  private static LinuxFile lock(LinuxFile file) throws LinuxException {
    LinuxFile lock = file.reopen();
    try {
      refuseHugePages(lock);
      if (!lock.tryLock()) {
        throw WarmStore.inUse(file.path());
      }
      return lock;
    } catch (LinuxException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /** Opens a store that is locked. File and lock are the store's, and closed if this fails. */
  private static WarmStore attachLocked(
      LinuxFile file, LinuxFile lock, WarmOptions options, Optional<SetAside> aside)
      throws IOException {
    StoreMemory memory = null;
    try {
      StoreContent.requireSize(file.path(), file.size());
      memory = new FileStoreMemory(file, Optional.of(lock));
      StoreContent content = StoreContent.read(memory);
      content.require(file.path(), options, Linux.effectiveUser());
      if (!content.identity().sparse() && file.allocatedBytes() < file.size()) {
        reserve(file);
      }
      return new WarmStore(memory, content, options.checksums(), aside);
    } catch (IOException | RuntimeException | Error e) {
      if (memory != null) {
        memory.close();
      } else {
        lock.close();
      }
      file.close();
      throw e;
    }
  }

  private static void refuseHugePages(LinuxFile file) throws LinuxException {
    if (file.isHugetlb()) {
      throw new WarmException(
          HUGETLB,
          file.path() + " is in pages of a huge page pool, which a kernel cannot hand over");
    }
  }

  /**
   * Creates a store beside its place, and moves it there when it is complete. The lock on the
   * unfinished file keeps other processes from doing the same meanwhile.
   *
   * @param refusal the reason why a file at the path, whose lock the caller has, would not open: it
   *     is set aside when the new store is complete; empty if there is no file
   * @return empty if another process was faster, whose store can be opened
   */
  private static Optional<WarmStore> create(
      Path path, WarmOptions options, Optional<WarmException> refusal) throws IOException {
    Path unfinished = path.resolveSibling("." + path.getFileName() + ".kho4j-new");
    removeAbandoned(unfinished);
    LinuxFile lock = createIfNew(unfinished, options.size());
    Optional<Path> aside = Optional.empty();
    LinuxFile file;
    try {
      if (!lock(lock, unfinished)) {
        throw WarmStore.inUse(unfinished);
      }
      try {
        refuseHugePages(lock);
        format(lock, options);
        if (refusal.isPresent()) {
          aside = Optional.of(setAside(path));
        }
        Files.move(unfinished, path);
      } catch (IOException | RuntimeException | Error e) {
        Files.delete(unfinished);
        if (aside.isPresent()) {
          Files.move(aside.get(), path);
        }
        throw e;
      }
      file = LinuxFile.open(path);
    } catch (FileAlreadyExistsException _) {
      lock.close();
      return Optional.empty();
    } catch (IOException | RuntimeException | Error e) {
      lock.close();
      throw e;
    }
    Optional<SetAside> setAside =
        aside.map(renamed -> new SetAside(renamed, refusal.orElseThrow()));
    return Optional.of(attachLocked(file, lock, options, setAside));
  }

  /**
   * Removes the unfinished file of a process that died while creating a store.
   *
   * @throws WarmException if the file is anything else
   */
  private static void removeAbandoned(Path unfinished) throws IOException {
    Optional<LinuxFile> found = openIfThere(unfinished);
    if (found.isPresent()) {
      try (LinuxFile file = found.get()) {
        requireOwn(file);
        if (!lock(file, unfinished)) {
          return;
        }
        if (!isUnfinished(file)) {
          throw new WarmException(
              FOREIGN,
              "%s is not an unfinished store: no store can be created beside it"
                  .formatted(unfinished));
        }
        Files.delete(unfinished);
      }
    }
  }

  /** Returns whether the file is as {@link #create} leaves it: no owner has had it open. */
  private static boolean isUnfinished(LinuxFile file) throws IOException {
    if (file.size() == 0) {
      return true;
    }
    ByteBuffer first =
        ByteBuffer.allocate(StoreLayout.EPOCH_AT + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(descriptorOf(file), StandardOpenOption.READ)) {
      while (first.hasRemaining() && channel.read(first, first.position()) >= 0) {
        // A short read is continued.
      }
    }
    String magic = new String(first.array(), 0, StoreLayout.MAGIC.length(), US_ASCII);
    return !first.hasRemaining()
        && (first.getLong(0) == 0
            || (magic.equals(StoreLayout.MAGIC) && first.getLong(StoreLayout.EPOCH_AT) == 0));
  }

  /**
   * Locks a file before it is renamed or removed. Only the owner of the lock renames or removes the
   * file, so the name leads to the file until the lock is dropped.
   *
   * @return whether the name leads to the file
   */
  private static boolean lock(LinuxFile file, Path name) throws IOException {
    if (!file.tryLock()) {
      throw WarmStore.inUse(name);
    }
    return isNamed(file, name);
  }

  private static boolean isNamed(LinuxFile file, Path name) throws IOException {
    try {
      return Files.isSameFile(descriptorOf(file), name);
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  private static Path descriptorOf(LinuxFile file) {
    return Path.of("/proc/self/fd/" + file.descriptor());
  }

  private static LinuxFile createIfNew(Path path, long size) throws IOException {
    try {
      return LinuxFile.create(path, size);
    } catch (LinuxException e) {
      if (e.isFileThere()) {
        throw WarmStore.inUse(path);
      }
      throw e;
    }
  }

  private static Optional<LinuxFile> openIfThere(Path path) throws LinuxException {
    try {
      return Optional.of(LinuxFile.open(path));
    } catch (LinuxException e) {
      if (e.isFileMissing()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Creates a store in a memory file, sealed so that no process can shrink it under its mappings.
   */
  static LinuxFile createInMemory(WarmOptions options) throws IOException {
    LinuxFile file = LinuxFile.memory(options.name(), options.size(), HugePages.NONE);
    try {
      format(file, options);
      seal(file);
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Adds missing seals to a memory file, if it takes any. A kernel of memfd-v1 (Linux 6.19, 7.0)
   * hands memory files over without their seals, and as files that can never be sealed: it creates
   * them without {@code MFD_ALLOW_SEALING}. Only systemd and this process have such a file.
   */
  static void seal(LinuxFile file) throws LinuxException {
    EnumSet<Seal> wanted = EnumSet.of(Seal.SHRINK, Seal.GROW);
    EnumSet<Seal> seals = file.seals();
    if (!seals.contains(Seal.SEAL) && !seals.containsAll(wanted)) {
      file.seal(wanted);
    }
  }

  private static void format(LinuxFile file, WarmOptions options) throws IOException {
    if (!options.sparse()) {
      reserve(file);
    }
    LinuxFile again = file.reopen();
    StoreMemory memory;
    try {
      memory = new FileStoreMemory(again);
    } catch (IOException | RuntimeException e) {
      again.close();
      throw e;
    }
    try {
      format(memory, options, PageSize.ofBytes(Linux.pageSize()).orElseThrow());
    } finally {
      memory.close();
    }
  }

  /** Formats memory of zeros as a store: an empty directory as generation 1. */
  static void format(StoreMemory memory, WarmOptions options, PageSize pageSize) {
    long page = pageSize.bytes();
    // on a multiple of its size, so that it is one block of the preserved map
    long logBytes =
        Long.highestOneBit(Math.clamp(memory.size() / 64, 4 * page, StoreLayout.MAX_LOG));
    StoreIdentity identity =
        new StoreIdentity(
            options.name(),
            pageSize,
            memory.size(),
            options.schema(),
            Linux.effectiveUser(),
            options.sparse(),
            new AddressRange(logBytes, logBytes));
    CommitSlot none = new CommitSlot(1, 0, AddressRange.EMPTY, 0, AddressRange.EMPTY, 0);
    WarmDirectory empty =
        new WarmDirectory(1, options.name(), options.schema(), memory.size(), List.of());
    try (CommitSet set = new CommitSet(empty, identity)) {
      set.store(memory, none, set.place(identity.freeSpace(), AddressRange.EMPTY).orElseThrow());
    }
    memory.publish(StoreLayout.STATE_AT, StoreLayout.CLEAN);
    identity.write(memory);
  }

  private static void reserve(LinuxFile file) throws LinuxException {
    try {
      file.reserve();
    } catch (LinuxException e) {
      if (e.isNoRoom()) {
        throw new WarmException(ROOM, String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  /** Renames a file that would not open, and whose lock this process has. */
  private static Path setAside(Path path) throws IOException {
    for (int i = 1; ; i++) {
      Path aside = path.resolveSibling(path.getFileName() + ".aside-" + i);
      if (!Files.exists(aside, LinkOption.NOFOLLOW_LINKS)) {
        return Files.move(path, aside);
      }
    }
  }
}
