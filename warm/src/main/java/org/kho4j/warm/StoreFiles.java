package org.kho4j.warm;

import static org.kho4j.warm.WarmException.Reason.HUGETLB;
import static org.kho4j.warm.WarmException.Reason.PERMISSIONS;
import static org.kho4j.warm.WarmException.Reason.ROOM;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
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

/** Creates and opens the files of stores, and refuses those that are not for this owner. */
final class StoreFiles {

  private static final int OTHERS = 077;

  private StoreFiles() {}

  static WarmStore open(Path path, WarmOptions options) throws IOException {
    Optional<Path> aside = Optional.empty();
    while (true) {
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        create(path, options);
      }
      LinuxFile file = LinuxFile.open(path);
      try {
        requireOwn(file);
        return attach(file, options, aside);
      } catch (WarmException e) {
        if (!options.setAside() || !e.isLasting()) {
          throw e;
        }
        aside = Optional.of(setAside(path));
      }
    }
  }

  private static void requireOwn(LinuxFile file) throws IOException {
    try {
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
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Opens a store. The file is the store's, and closed if this fails. */
  static WarmStore attach(LinuxFile file, WarmOptions options, Optional<Path> aside)
      throws IOException {
    LinuxFile lock = null;
    StoreMemory memory = null;
    try {
      lock = file.reopen();
      requireLocked(lock);
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
      } else if (lock != null) {
        lock.close();
      }
      file.close();
      throw e;
    }
  }

  private static void requireLocked(LinuxFile file) throws LinuxException {
    if (file.isHugetlb()) {
      throw new WarmException(
          HUGETLB, file.path() + " is in pages of a huge page pool, which no kernel hands over");
    }
    if (!file.tryLock()) {
      throw WarmStore.inUse(file.path());
    }
  }

  /** Creates a store beside its place, and links it there when it is complete. */
  private static void create(Path path, WarmOptions options) throws IOException {
    Path unfinished = path.resolveSibling(path.getFileName() + ".new");
    removeAbandoned(unfinished);
    try (LinuxFile file = LinuxFile.create(unfinished, options.size())) {
      try {
        if (!file.tryLock()) {
          throw WarmStore.inUse(unfinished);
        }
        format(file, options);
        Files.createLink(path, unfinished);
      } catch (FileAlreadyExistsException _) {
        // another process was faster; its store is opened
      } finally {
        Files.deleteIfExists(unfinished);
      }
    }
  }

  /** What a process left that died while it created a store. */
  private static void removeAbandoned(Path unfinished) throws IOException {
    if (Files.exists(unfinished, LinkOption.NOFOLLOW_LINKS)) {
      try (LinuxFile file = LinuxFile.open(unfinished)) {
        if (!file.tryLock()) {
          throw WarmStore.inUse(unfinished);
        }
        Files.delete(unfinished);
      }
    }
  }

  /** A store in a memory file, sealed so that nothing can cut it short under its mappings. */
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

  /** A kernel of memfd-v1 (Linux 6.19, 7.0) hands memory files over without their seals. */
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

  /** Makes a store of memory that is all zeros: an empty directory as generation 1. */
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

  private static Path setAside(Path path) throws IOException {
    for (int i = 1; ; i++) {
      Path aside = path.resolveSibling(path.getFileName() + ".aside-" + i);
      if (!Files.exists(aside, LinkOption.NOFOLLOW_LINKS)) {
        return Files.move(path, aside);
      }
    }
  }
}
