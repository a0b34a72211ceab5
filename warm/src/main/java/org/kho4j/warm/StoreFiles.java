package org.kho4j.warm;

import static org.kho4j.warm.WarmException.Reason.HUGETLB;
import static org.kho4j.warm.WarmException.Reason.PERMISSIONS;
import static org.kho4j.warm.WarmException.Reason.ROOM;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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

/** Creates and opens the files of stores, and refuses files that this owner may not use. */
final class StoreFiles {

  private static final int OTHERS = 077;

  private StoreFiles() {}

  static WarmStore open(Path path, WarmOptions options) throws IOException {
    Optional<Path> aside = Optional.empty();
    while (true) {
      Optional<LinuxFile> found = openIfThere(path);
      if (found.isEmpty()) {
        Optional<LinuxFile> created = create(path, options);
        if (created.isPresent()) {
          return attachCreated(path, created.get(), options, aside);
        }
        continue;
      }
      try (LinuxFile file = found.get()) {
        requireOwn(file);
        try {
          Optional<WarmStore> store = attachNamed(path, file, options, aside);
          if (store.isPresent()) {
            return store.get();
          }
        } catch (WarmException e) {
          if (!options.setAside() || !e.isLasting()) {
            throw e;
          }
          Optional<Path> moved = setAside(path, file);
          aside = moved.isPresent() ? moved : aside;
        }
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

  /** Opens the store that this process has just created. The lock is closed if this fails. */
  private static WarmStore attachCreated(
      Path path, LinuxFile lock, WarmOptions options, Optional<Path> aside) throws IOException {
    LinuxFile file;
    try {
      file = LinuxFile.open(path);
    } catch (LinuxException e) {
      lock.close();
      throw e;
    }
    return attachLocked(file, lock, options, aside);
  }

  /**
   * Opens a store that was found at a path.
   *
   * @return empty if another process set the file aside before this one had its lock
   */
  private static Optional<WarmStore> attachNamed(
      Path path, LinuxFile found, WarmOptions options, Optional<Path> aside) throws IOException {
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
    return Optional.of(attachLocked(file, lock, options, aside));
  }

  /** Opens a store. The file is the store's, and closed if this fails. */
  static WarmStore attach(LinuxFile file, WarmOptions options, Optional<Path> aside)
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
      LinuxFile file, LinuxFile lock, WarmOptions options, Optional<Path> aside)
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
    } catch (IOException | RuntimeException e) {
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
   * @return the locked file; empty if another process was faster, whose store can be opened
   */
  private static Optional<LinuxFile> create(Path path, WarmOptions options) throws IOException {
    Path unfinished = path.resolveSibling(path.getFileName() + ".new");
    removeAbandoned(unfinished);
    LinuxFile file = createIfNew(unfinished, options.size());
    try {
      if (!lock(file, unfinished)) {
        throw WarmStore.inUse(unfinished);
      }
      try {
        refuseHugePages(file);
        format(file, options);
        Files.move(unfinished, path);
        return Optional.of(file);
      } catch (IOException | RuntimeException e) {
        Files.delete(unfinished);
        throw e;
      }
    } catch (FileAlreadyExistsException _) {
      file.close();
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Removes the unfinished file of a process that died while creating a store. */
  private static void removeAbandoned(Path unfinished) throws IOException {
    Optional<LinuxFile> found = openIfThere(unfinished);
    if (found.isPresent()) {
      try (LinuxFile file = found.get()) {
        if (lock(file, unfinished)) {
          Files.delete(unfinished);
        }
      }
    }
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
      return Files.isSameFile(Path.of("/proc/self/fd/" + file.descriptor()), name);
    } catch (NoSuchFileException _) {
      return false;
    }
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
   * Adds missing seals to a memory file: a kernel of memfd-v1 (Linux 6.19, 7.0) hands memory files
   * over without their seals.
   */
  static void seal(LinuxFile file) throws LinuxException {
    EnumSet<Seal> wanted = EnumSet.of(Seal.SHRINK, Seal.GROW);
    if (!file.seals().containsAll(wanted)) {
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
    AddressRange nothing = new AddressRange(0, 0);
    CommitSlot none = new CommitSlot(1, 0, nothing, 0, nothing, 0);
    WarmDirectory empty =
        new WarmDirectory(1, options.name(), options.schema(), memory.size(), List.of());
    try (CommitSet set = new CommitSet(empty, identity)) {
      set.store(memory, none, set.place(identity.freeSpace(), nothing).orElseThrow());
    }
    memory.publish(StoreLayout.STATE_AT, StoreLayout.CLEAN);
    identity.write(memory);
  }

  private static void reserve(LinuxFile file) throws LinuxException {
    try {
      file.reserve();
    } catch (LinuxException e) {
      throw new WarmException(ROOM, String.valueOf(e.getMessage()));
    }
  }

  /** Renames a file that would not open; empty if another process has done so. */
  private static Optional<Path> setAside(Path path, LinuxFile file) throws IOException {
    if (!lock(file, path)) {
      return Optional.empty();
    }
    for (int i = 1; ; i++) {
      Path aside = path.resolveSibling(path.getFileName() + ".aside-" + i);
      if (!Files.exists(aside, LinkOption.NOFOLLOW_LINKS)) {
        return Optional.of(Files.move(path, aside));
      }
    }
  }
}
