package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.SLOT_AT;
import static org.kho4j.warm.StoreLayout.SLOT_BYTES;
import static org.kho4j.warm.StoreLayout.U32;
import static org.kho4j.warm.StoreLayout.U64;
import static org.kho4j.warm.WarmException.Reason.DAMAGED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import org.kho4j.handover.pages.AddressRange;

/**
 * One of the two slots that record which set of metadata is live.
 *
 * @param index 0 or 1
 * @param generation of the commit that wrote it, from 1 on
 * @param set root FDT, map and directory
 * @param firstWord the set's first word, while it is live
 * @param directory the directory of regions, in the set
 * @param setChecksum CRC-32C of the set behind its first word
 */
record CommitSlot(
    int index,
    long generation,
    AddressRange set,
    long firstWord,
    AddressRange directory,
    int setChecksum) {

  private static final int CHECKSUM_AT = 60;

  /**
   * Returns the live slot.
   *
   * @param firstPage of the store, of {@code size} bytes
   * @throws WarmException if a slot is damaged, or both are empty
   */
  static CommitSlot live(Path path, MemorySegment firstPage, long size) {
    Optional<CommitSlot> first = read(path, firstPage, 0, size);
    Optional<CommitSlot> second = read(path, firstPage, 1, size);
    if (first.isEmpty() && second.isEmpty()) {
      throw damaged(path, 0, "both slots are empty");
    }
    if (first.isEmpty() || second.isEmpty()) {
      return first.or(() -> second).orElseThrow();
    }
    long ahead = first.get().generation - second.get().generation;
    if (Math.abs(ahead) != 1) {
      throw damaged(
          path,
          0,
          "generations %d and %d do not follow each other"
              .formatted(first.get().generation, second.get().generation));
    }
    return ahead > 0 ? first.get() : second.get();
  }

  /** Returns the slot that is not live. */
  static Optional<CommitSlot> other(StoreMemory memory, CommitSlot live) {
    MemorySegment firstPage = memory.read(0, SLOT_AT + 2L * SLOT_BYTES);
    return read(memory.path(), firstPage, 1 - live.index, memory.size());
  }

  private static Optional<CommitSlot> read(
      Path path, MemorySegment firstPage, int index, long size) {
    MemorySegment slot = firstPage.asSlice(SLOT_AT + (long) index * SLOT_BYTES, SLOT_BYTES);
    long state = slot.get(U64, 0);
    if (state == StoreLayout.EMPTY) {
      return Optional.empty();
    }
    // a commit that a crash interrupts leaves an empty slot, so anything else is damage
    int recorded = slot.get(U32, CHECKSUM_AT);
    int actual = StoreLayout.checksum(slot.asSlice(0, CHECKSUM_AT));
    if (state != StoreLayout.COMMITTED || recorded != actual) {
      throw damaged(
          path,
          index,
          "its checksum is 0x%08x, not 0x%08x, and its state 0x%x"
              .formatted(actual, recorded, state));
    }
    AddressRange set = range(path, index, slot, 16, 24);
    AddressRange directory = range(path, index, slot, 40, 48);
    if (set.end() > size
        || directory.address() < set.address()
        || directory.end() > set.end()
        || set.length() < Long.BYTES) {
      throw damaged(
          path,
          index,
          "set %s and directory %s are not within %d bytes".formatted(set, directory, size));
    }
    return Optional.of(
        new CommitSlot(
            index, slot.get(U64, 8), set, slot.get(U64, 32), directory, slot.get(U32, 56)));
  }

  private static AddressRange range(
      Path path, int index, MemorySegment slot, int addressAt, int bytesAt) {
    try {
      return new AddressRange(slot.get(U64, addressAt), slot.get(U64, bytesAt));
    } catch (IllegalArgumentException e) {
      throw damaged(path, index, String.valueOf(e.getMessage()));
    }
  }

  private static WarmException damaged(Path path, int index, String why) {
    return new WarmException(
        DAMAGED,
        "%s: slot %d at 0x%x: %s".formatted(path, index, SLOT_AT + index * SLOT_BYTES, why));
  }

  /** Marks a slot empty, so that its numbers may be stored. */
  static void clear(StoreMemory memory, int index) {
    memory.publish(SLOT_AT + (long) index * SLOT_BYTES, StoreLayout.EMPTY);
  }

  /** Stores the numbers, and then the state: from that instant on the set is live. */
  void write(StoreMemory memory) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment slot = arena.allocate(SLOT_BYTES, Long.BYTES);
      slot.set(U64, 0, StoreLayout.COMMITTED);
      slot.set(U64, 8, generation);
      slot.set(U64, 16, set.address());
      slot.set(U64, 24, set.length());
      slot.set(U64, 32, firstWord);
      slot.set(U64, 40, directory.address());
      slot.set(U64, 48, directory.length());
      slot.set(U32, 56, setChecksum);
      slot.set(U32, CHECKSUM_AT, StoreLayout.checksum(slot.asSlice(0, CHECKSUM_AT)));
      long at = SLOT_AT + (long) index * SLOT_BYTES;
      memory.copy(at + Long.BYTES, slot.asSlice(Long.BYTES));
      memory.publish(at, StoreLayout.COMMITTED);
    }
  }

  /** Returns whether the set has the bytes that the slot's commit stored. */
  boolean matches(MemorySegment setBytes) {
    return StoreLayout.checksum(setBytes.asSlice(Long.BYTES)) == setChecksum;
  }
}
