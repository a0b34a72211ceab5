package org.kho4j.warm;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.LinuxException;

/**
 * A region of a {@link WarmStore}: a name, a schema number and one {@link MemorySegment}. The
 * segment is the store's memory; reading and writing it costs what any segment costs.
 */
public final class Region {

  /** The result of a checksum comparison. */
  public enum Check {
    /** The content has not changed since the store was closed. */
    MATCH,
    /** The content differs from the checksum. */
    MISMATCH,
    /**
     * No checksum was recorded, or the owner before crashed, or the region has been mapped since.
     */
    UNKNOWN
  }

  private final WarmStore store;
  private WarmDirectory.Entry entry;
  private final boolean checkable;
  private @Nullable Arena arena;
  private @Nullable MemorySegment segment;
  private List<AddressRange> committedExtents = List.of();
  private boolean wasMapped;
  private boolean dropped;

  Region(WarmStore store, WarmDirectory.Entry entry, boolean checkable) {
    this.store = store;
    this.entry = entry;
    this.checkable = checkable;
  }

  /** Returns the region's name. */
  public String name() {
    return entry.name();
  }

  /** Returns the application's number for the content. */
  public long schema() {
    return entry.schema();
  }

  /** Refuses a region of another store. */
  void requireOf(WarmStore expected) {
    if (store != expected) {
      throw new IllegalArgumentException(
          "region \"%s\" of %s in a transaction of %s"
              .formatted(name(), store.path(), expected.path()));
    }
  }

  /** Returns the size in bytes. */
  public long bytes() {
    return store.locked(() -> entry.bytes());
  }

  List<AddressRange> extents() {
    return entry.extents();
  }

  /** Returns the extents of the last commit; empty if it does not have the region. */
  List<AddressRange> committedExtents() {
    return committedExtents;
  }

  /** Returns the extents, and the ends of extents, that were added since the last commit. */
  List<AddressRange> addedExtents() {
    List<AddressRange> added = new ArrayList<>();
    for (int i = 0; i < entry.extents().size(); i++) {
      AddressRange extent = entry.extents().get(i);
      long known = i < committedExtents.size() ? committedExtents.get(i).length() : 0;
      added.add(new AddressRange(extent.address() + known, extent.length() - known));
    }
    return added;
  }

  /** Notes that the last commit has the present extents. */
  void markCommitted() {
    committedExtents = entry.extents();
  }

  /** Returns the region's directory entry, with a checksum if it still has the recorded one. */
  WarmDirectory.Entry entry() {
    return hasRecorded() ? entry : with(OptionalInt.empty());
  }

  /**
   * Returns the same with the checksum that is recorded and still valid, or else the content's: the
   * content's own would hide damage to what nobody mapped.
   */
  WarmDirectory.Entry entryWithChecksum() {
    return hasRecorded() ? entry : with(OptionalInt.of(checksum()));
  }

  /** Returns whether the recorded checksum is still that of what the owner before left. */
  private boolean hasRecorded() {
    return checkable && entry.checksum().isPresent() && !wasMapped;
  }

  private WarmDirectory.Entry with(OptionalInt checksum) {
    return new WarmDirectory.Entry(
        entry.name(), entry.schema(), entry.bytes(), checksum, entry.extents());
  }

  /**
   * Returns the region's memory, for every thread. The segment is valid until the region is dropped
   * or the store is closed; then an access throws {@link IllegalStateException}.
   *
   * @throws WarmException if the process has no room for more mappings
   */
  public MemorySegment segment() {
    return store.locked(() -> {
      requireThere();
      MemorySegment mapped = segment;
      if (mapped == null) {
        mapped = map(entry.extents(), entry.bytes());
        segment = mapped;
      }
      return mapped;
    });
  }

  @SuppressWarnings("MustBeClosed") // the arena ends with the region
  private MemorySegment map(List<AddressRange> extents, long bytes) {
    Arena owner = arena;
    if (owner == null) {
      owner = Arena.ofShared();
      arena = owner;
    }
    try {
      MemorySegment mapped = store.memory().map(extents, owner).asSlice(0, bytes);
      wasMapped = true;
      return mapped;
    } catch (LinuxException e) {
      if (e.isNoRoom()) {
        WarmException noRoom =
            new WarmException(
                WarmException.Reason.ROOM,
                "%s: region \"%s\" cannot be mapped: %s"
                    .formatted(store.path(), name(), e.getMessage()));
        noRoom.initCause(e);
        throw noRoom;
      }
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Makes the region larger; the new bytes are zeros. Nothing is copied: a region may have several
   * extents, which are mapped one behind the other. An earlier segment stays valid for its bytes.
   * Lasts from the next {@link WarmStore#commit} on.
   *
   * <p>Each call maps the whole region once more, and the earlier mappings stay until the region is
   * dropped or the store is closed. All mappings of stores take at most half of those that the
   * kernel allows a process ({@code vm.max_map_count}, 65,530 by default): grow in large steps.
   *
   * @param bytes the new size, at least the old one
   * @return the segment of that size
   * @throws WarmException if there is not enough room, or another process has opened the store
   *     meanwhile; the region is unchanged
   */
  public MemorySegment grow(long bytes) {
    return store.locked(() -> {
      requireThere();
      store.requireOwner();
      if (bytes < entry.bytes()) {
        throw new IllegalArgumentException(
            "%s: region \"%s\" has %d bytes and cannot shrink to %d"
                .formatted(store.path(), name(), entry.bytes(), bytes));
      }
      long held = entry.extents().stream().mapToLong(AddressRange::length).sum();
      long more = bytes - held;
      List<AddressRange> added = more > 0 ? moreMemory(more) : List.of();
      List<AddressRange> extents = joined(entry.extents(), added);
      WarmDirectory.Entry grown =
          new WarmDirectory.Entry(name(), schema(), bytes, OptionalInt.empty(), extents);
      store.makeReady(grown, added);
      MemorySegment mapped;
      try {
        mapped = map(extents, bytes);
        // An owner that grew the region and ended before a commit may have stored there.
        mapped.asSlice(entry.bytes(), Math.min(bytes, held) - entry.bytes()).fill((byte) 0);
      } catch (RuntimeException | Error e) {
        added.forEach(store::giveBack);
        throw e;
      }
      entry = grown;
      segment = mapped;
      return mapped;
    });
  }

  private List<AddressRange> moreMemory(long bytes) {
    AddressRange behind =
        new AddressRange(entry.extents().getLast().end(), store.wholePages(name(), bytes));
    return store.extendInPlace(behind) ? List.of(behind) : store.extents(name(), bytes);
  }

  private static List<AddressRange> joined(List<AddressRange> first, List<AddressRange> second) {
    List<AddressRange> joined = new ArrayList<>(first);
    for (AddressRange range : second) {
      AddressRange last = joined.getLast();
      if (last.end() == range.address()) {
        joined.set(
            joined.size() - 1, new AddressRange(last.address(), last.length() + range.length()));
      } else {
        joined.add(range);
      }
    }
    return joined;
  }

  /**
   * Drops the region. Its segment ends at once. The memory that the last commit has is free from
   * the next {@link WarmStore#commit} on, until which a crash brings it back; memory that was
   * allocated since is free at once.
   *
   * @throws IllegalStateException if another thread is in a system call or native call on the
   *     segment; the region is unchanged then
   */
  public void drop() {
    store.locked(() -> {
      requireThere();
      store.requireNoTransaction();
      unmap();
      store.remove(this);
      dropped = true;
      return true;
    });
  }

  /**
   * Compares the content with the checksum that was recorded when the store was closed. Call it
   * before the first {@link #segment}: later writes are not recorded. Reads 4 to 5 GB a second.
   */
  public Check verify() {
    return store.locked(() -> {
      requireThere();
      if (!hasRecorded()) {
        return Check.UNKNOWN;
      }
      return entry.checksum().getAsInt() == checksum() ? Check.MATCH : Check.MISMATCH;
    });
  }

  private int checksum() {
    return store.memory().checksum(entry);
  }

  /** Returns the store's ranges that hold a range of the region. */
  List<AddressRange> ranges(long offset, long length) {
    requireThere();
    java.util.Objects.checkFromIndexSize(offset, length, entry.bytes());
    List<AddressRange> ranges = new ArrayList<>();
    long at = offset;
    long left = length;
    for (AddressRange extent : entry.extents()) {
      if (left > 0 && at < extent.length()) {
        long part = Math.min(left, extent.length() - at);
        ranges.add(new AddressRange(extent.address() + at, part));
        left -= part;
        at = 0;
      } else {
        at -= extent.length();
      }
    }
    return ranges;
  }

  /**
   * Ends the segment.
   *
   * @throws IllegalStateException if another thread is in a call on it; nothing is changed then
   */
  void unmap() {
    if (arena == null) {
      return;
    }
    try {
      arena.close();
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          "%s: region \"%s\" is in use by a system call or native call of another thread"
              .formatted(store.path(), name()),
          e);
    }
    arena = null;
    segment = null;
  }

  private void requireThere() {
    if (dropped) {
      throw new IllegalStateException(
          "%s: region \"%s\" has been dropped".formatted(store.path(), name()));
    }
  }
}
