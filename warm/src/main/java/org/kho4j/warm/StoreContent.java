package org.kho4j.warm;

import static org.kho4j.warm.WarmException.Reason.DAMAGED;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.Linux;
import org.kho4j.memory.MemoryReadException;

/**
 * The content of a store, read and checked completely before an owner changes anything.
 *
 * @param identity of the store
 * @param live the live slot
 * @param directory of regions
 * @param free the unused pages
 * @param isInterrupted whether a transaction was interrupted; its log has been checked
 */
record StoreContent(
    StoreIdentity identity,
    CommitSlot live,
    WarmDirectory directory,
    FreeSpace free,
    boolean isInterrupted) {

  /**
   * Reads a store, whatever its name and schema.
   *
   * @throws WarmException if it is no store, or damaged
   */
  static StoreContent read(StoreBytes memory) {
    try {
      return readAll(memory);
    } catch (MemoryReadException e) {
      throw new WarmException(DAMAGED, "%s: %s".formatted(memory.path(), e.getMessage()));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new WarmException(
          DAMAGED, "%s: the metadata is damaged: %s".formatted(memory.path(), e.getMessage()));
    }
  }

  /** Refuses a file that is too small for a store. */
  static void requireSize(Path path, long size) {
    if (size < WarmStore.MIN_SIZE) {
      throw new WarmException(
          WarmException.Reason.FOREIGN,
          "%s: the file has %d bytes; a store has at least %d"
              .formatted(path, size, WarmStore.MIN_SIZE));
    }
  }

  private static StoreContent readAll(StoreBytes memory) {
    Path path = memory.path();
    requireSize(path, memory.size());
    long firstPageBytes = Math.min(1 << 12, memory.size());
    MemorySegment firstPage = memory.read(0, firstPageBytes);
    StoreIdentity identity = StoreIdentity.read(path, firstPage, memory.size());
    long state = memory.get(StoreLayout.STATE_AT);
    if (state != StoreLayout.CLEAN && state != StoreLayout.DIRTY) {
      throw damaged(path, StoreLayout.STATE_AT, "the state is 0x%x".formatted(state));
    }
    CommitSlot live = CommitSlot.live(path, firstPage, memory.size());
    AddressRange set = live.set();
    if (!live.matches(memory.read(set.address(), set.length()))) {
      throw damaged(
          path,
          set.address(),
          "the checksum of generation %d is wrong".formatted(live.generation()));
    }
    WarmDirectory directory;
    try {
      AddressRange blob = live.directory();
      directory = WarmDirectory.decode(memory.read(blob.address(), blob.length()));
    } catch (IllegalArgumentException e) {
      throw damaged(path, live.directory().address(), String.valueOf(e.getMessage()));
    }
    if (directory.generation() != live.generation()
        || !directory.name().equals(identity.name())
        || directory.schema() != identity.schema()
        || directory.storeSize() != identity.size()) {
      throw damaged(
          path,
          live.directory().address(),
          "the directory is that of another store, or of another commit");
    }
    boolean isInterrupted = !UndoLog.entries(memory, identity.log()).isEmpty();
    return new StoreContent(
        identity, live, directory, free(path, identity, live, directory), isInterrupted);
  }

  private static FreeSpace free(
      Path path, StoreIdentity identity, CommitSlot live, WarmDirectory directory) {
    FreeSpace free = identity.freeSpace();
    claim(path, identity, free, "the live set", live.set());
    for (WarmDirectory.Entry region : directory.regions()) {
      for (AddressRange extent : region.extents()) {
        claim(path, identity, free, "region \"" + region.name() + "\"", extent);
      }
    }
    return free;
  }

  private static void claim(
      Path path, StoreIdentity identity, FreeSpace free, String what, AddressRange range) {
    if (!identity.isWholePages(range)) {
      throw damaged(path, range.address(), "%s at %s is not whole pages".formatted(what, range));
    }
    if (!free.takeAt(range)) {
      throw damaged(
          path, range.address(), "%s at %s overlaps another structure".formatted(what, range));
    }
  }

  /** Refuses a store of another host, or whose name, schema or owner is not the requested one. */
  void require(Path path, WarmOptions options, int user) {
    if (identity.pageSize().bytes() != Linux.pageSize()) {
      throw new WarmException(
          WarmException.Reason.LAYOUT,
          "%s has pages of %s; this host has pages of %d bytes"
              .formatted(path, identity.pageSize(), Linux.pageSize()));
    }
    if (!identity.name().equals(options.name())) {
      throw new WarmException(
          WarmException.Reason.FOREIGN,
          "%s is the store \"%s\", not \"%s\"".formatted(path, identity.name(), options.name()));
    }
    if (identity.user() != user) {
      throw new WarmException(
          WarmException.Reason.PERMISSIONS,
          "%s is a store of user %d; this process has user %d"
              .formatted(path, identity.user(), user));
    }
    if (identity.schema() != options.schema()) {
      throw new WarmException(
          WarmException.Reason.SCHEMA,
          "%s has schema %d, not %d".formatted(path, identity.schema(), options.schema()));
    }
  }

  /**
   * Completes the end of a commit that a crash may have interrupted: readers find only the live
   * set. The other slot's set may be a region's memory by now, which is not changed.
   */
  void finishCommit(StoreMemory memory) {
    if (memory.get(live.set().address()) != live.firstWord()) {
      memory.publish(live.set().address(), live.firstWord());
    }
    CommitSlot.other(memory, live)
        .filter(other -> isFree(other.set()))
        .filter(other -> memory.get(other.set().address()) == other.firstWord())
        .ifPresent(other -> memory.publish(other.set().address(), 0));
  }

  private boolean isFree(AddressRange range) {
    boolean isFree = free.takeAt(range);
    if (isFree) {
      free.give(range);
    }
    return isFree;
  }

  private static WarmException damaged(Path path, long at, String why) {
    return new WarmException(DAMAGED, "%s at 0x%x: %s".formatted(path, at, why));
  }
}
