package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.U64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtEditor;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.generation.HandoverImage;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.root.Subtree;
import org.kho4j.memory.Runs;
import org.kho4j.memory.Stitcher;
import org.kho4j.memory.WritableMemory;

/**
 * The metadata of one commit: built beside the store, then stored in the order that a crash may
 * interrupt anywhere.
 */
final class CommitSet implements AutoCloseable {

  /**
   * Property of the subtree's node: the FDT's address in the store, which identifies the FDT in a
   * dump.
   */
  static final String ADDRESS_PROPERTY = "address";

  /** Levels of the map above its leaves. */
  private static final int LEVELS = 5;

  private final Arena arena = Arena.ofConfined();
  private final WarmDirectory directory;
  private final StoreIdentity identity;
  private final MemorySegment blob;
  private MemorySegment image = MemorySegment.NULL;

  CommitSet(WarmDirectory directory, StoreIdentity identity) {
    this.directory = directory;
    this.identity = identity;
    this.blob = directory.encode(arena);
  }

  /**
   * Builds the set for a place that is large enough.
   *
   * @param free free space, from which a larger place is taken: there is one if {@link #most} bytes
   *     are free in one piece
   * @param first the place to try first, not free
   * @return the place, which the set is built for; empty if there is no room
   */
  Optional<AddressRange> place(FreeSpace free, AddressRange first) {
    long bytes = first.length();
    AddressRange place = first;
    while (!fits(free, place, first)) {
      long larger = Math.max(2 * bytes, pages(blob.byteSize()) + 32L * pageSize().bytes());
      bytes = bytes < most() ? Math.min(larger, most()) : larger;
      if (!place.equals(first)) {
        free.give(place);
      }
      Optional<AddressRange> taken = free.take(bytes, pageSize().bytes());
      if (taken.isEmpty()) {
        return Optional.empty();
      }
      place = taken.get();
    }
    return Optional.of(place);
  }

  private boolean fits(FreeSpace free, AddressRange place, AddressRange first) {
    try {
      return fits(place);
    } catch (RuntimeException | Error e) {
      if (!place.equals(first)) {
        free.give(place);
      }
      throw e;
    }
  }

  /**
   * Returns the bytes of a place into which the set fits at any address, and whatever regions are
   * dropped: the map depends on both, because it has the largest blocks that adjoin.
   */
  long most() {
    return most(identity, blob.byteSize());
  }

  /**
   * Returns {@link #most} for a directory that is not made yet.
   *
   * @param directoryBytes at least as many as it will have
   */
  static long most(StoreIdentity identity, long directoryBytes) {
    long page = identity.pageSize().bytes();
    long leaf = identity.size() / (Byte.SIZE * page * page) + 1;
    int orders = Long.SIZE - Long.numberOfLeadingZeros(identity.size() / page);
    long nodes = 0;
    for (int order = 0; order < orders; order++) {
      long leaves = (leaf >> order) + 1;
      nodes += leaves + leaves / (page / Long.BYTES) + LEVELS;
    }
    return ((directoryBytes + page - 1) & -page) + (2 + nodes) * page;
  }

  private boolean fits(AddressRange place) {
    long blobRoom = pages(blob.byteSize());
    if (place.length() < blobRoom + 2L * pageSize().bytes()) {
      return false;
    }
    image = arena.allocate(place.length(), pageSize().bytes());
    long treeRoom = place.length() - blobRoom;
    WritableMemory tree =
        WritableMemory.over(
            Path.of("set"), image.asSlice(0, treeRoom), place.address(), arena, Stitcher.NONE);
    AddressRange blobAt = new AddressRange(place.address() + treeRoom, blob.byteSize());
    try {
      HandoverImage.write(
          tree,
          pageSize(),
          KhoLayout.newest(),
          preserved(blobAt),
          List.of(new Subtree(WarmDirectory.SUBTREE, blobAt.address(), blobAt.length())));
    } catch (OutOfPagesException _) {
      return false;
    }
    FdtEditor editor = FdtEditor.open(image.asSlice(0, pageSize().bytes()));
    editor
        .root()
        .child(WarmDirectory.SUBTREE)
        .set(FdtProperty.ofU64(ADDRESS_PROPERTY, place.address(), ByteOrder.LITTLE_ENDIAN));
    editor.pack();
    image.asSlice(treeRoom, blob.byteSize()).copyFrom(blob);
    return true;
  }

  /** Returns the ranges that the next generation keeps: the log, the directory and all regions. */
  private Runs preserved(AddressRange blobAt) {
    return Runs.collect(to -> {
      to.range(identity.log().address(), identity.log().length());
      to.range(blobAt.address(), pages(blobAt.length()));
      for (WarmDirectory.Entry region : directory.regions()) {
        region.extents().forEach(extent -> to.range(extent.address(), extent.length()));
      }
    });
  }

  /**
   * Stores the set in a place that nothing live uses, and makes it live.
   *
   * <ol>
   *   <li>The place and the slot that are not live lose their marks, so that neither is taken for
   *       anything while it is half written.
   *   <li>The set and the slot's numbers are stored.
   *   <li>The slot's state is stored: the commit.
   *   <li>The new root FDT gets its magic, and the former one loses it, for readers that search.
   * </ol>
   *
   * @return the slot, which is live
   */
  CommitSlot store(StoreMemory memory, CommitSlot live, AddressRange place) {
    CommitSlot next =
        new CommitSlot(
            1 - live.index(),
            directory.generation(),
            place,
            image.get(U64, 0),
            new AddressRange(place.end() - pages(blob.byteSize()), blob.byteSize()),
            StoreLayout.checksum(image.asSlice(Long.BYTES)));
    memory.publish(place.address(), 0);
    CommitSlot.clear(memory, next.index());
    memory.copy(place.address() + Long.BYTES, image.asSlice(Long.BYTES));
    next.write(memory);
    memory.publish(place.address(), next.firstWord());
    if (live.generation() > 0) {
      memory.publish(live.set().address(), 0);
    }
    return next;
  }

  private long pages(long bytes) {
    long page = pageSize().bytes();
    return (bytes + page - 1) & -page;
  }

  private PageSize pageSize() {
    return identity.pageSize();
  }

  @Override
  public void close() {
    arena.close();
  }
}
