package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.U64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.WritableMemory;

/** A store's memory that keeps every store to its metadata, word by word, and their order. */
final class RecordingStoreMemory extends StoreMemory {

  /**
   * A word that was stored.
   *
   * @param isPublish whether everything before it is stored before it, and everything after it
   *     after it
   */
  record Event(long at, long value, boolean isPublish) {}

  final List<Event> events = new ArrayList<>();

  private RecordingStoreMemory(WritableMemory memory) {
    super(memory);
  }

  static RecordingStoreMemory ofSize(long bytes) {
    return new RecordingStoreMemory(WritableMemory.allocate(0, bytes));
  }

  /** A memory of its own with the same bytes. */
  static RecordingStoreMemory copyOf(MemorySegment bytes) {
    RecordingStoreMemory copy = ofSize(bytes.byteSize());
    copy.bytes().copyFrom(bytes);
    return copy;
  }

  MemorySegment bytes() {
    return memory().writable(0, size());
  }

  @Override
  void put(long at, long value) {
    record(at, value, false);
    super.put(at, value);
  }

  @Override
  void copy(long at, MemorySegment from) {
    long whole = from.byteSize() & -8;
    for (long i = 0; i < whole; i += Long.BYTES) {
      record(at + i, from.get(U64, i), false);
    }
    if (whole < from.byteSize()) {
      MemorySegment last = MemorySegment.ofArray(new long[] {get(at + whole)});
      last.asSlice(0, from.byteSize() - whole).copyFrom(from.asSlice(whole));
      record(at + whole, last.get(U64, 0), false);
    }
    super.copy(at, from);
  }

  @Override
  void publish(long at, long value) {
    record(at, value, true);
    super.publish(at, value);
  }

  /** A segment of that size: nothing is stored through it. */
  @Override
  MemorySegment map(List<AddressRange> extents, Arena arena) {
    return arena.allocate(extents.stream().mapToLong(AddressRange::length).sum());
  }

  private void record(long at, long value, boolean isPublish) {
    // a plain store of what is there already changes nothing in any order
    if (isPublish || get(at) != value) {
      events.add(new Event(at, value, isPublish));
    }
  }
}
