package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.U64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.LinuxException;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * The memory of a store, and every store instruction on its metadata. Bytes that a process stored
 * before it died are in the file: the page cache is the memory. The compiler may reorder plain
 * stores, so the order that recovery depends on comes from {@link #publish} alone.
 */
class StoreMemory extends StoreBytes {

  private static final VarHandle WORD =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

  private final WritableMemory memory;
  private final MemorySegment bytes;

  StoreMemory(WritableMemory memory) {
    super(memory.source().path(), memory.size());
    this.memory = memory;
    this.bytes = memory.writable(0, memory.size());
  }

  final WritableMemory memory() {
    return memory;
  }

  @Override
  final long get(long at) {
    return bytes.get(U64, at);
  }

  /** Returns the bytes themselves, at any length, without a copy. */
  @Override
  final MemorySegment read(long at, long length) {
    return bytes.asSlice(at, length).asReadOnly();
  }

  /** Stores a word, at some time before the next {@link #publish}. */
  void put(long at, long value) {
    bytes.set(U64, at, value);
  }

  /** Stores bytes, at some time before the next {@link #publish}. */
  void copy(long at, MemorySegment from) {
    bytes.asSlice(at, from.byteSize()).copyFrom(from);
  }

  /** Stores a word after everything stored before, and before everything stored later. */
  void publish(long at, long value) {
    WORD.setRelease(bytes, at, value);
    VarHandle.storeStoreFence();
  }

  /** Clears memory that no region has. */
  void clear(AddressRange range) {
    bytes.asSlice(range.address(), range.length()).fill((byte) 0);
  }

  /**
   * Maps extents as one segment, which ends with the arena.
   *
   * @throws WarmException if the process has no room for more mappings
   */
  MemorySegment map(List<AddressRange> extents, Arena arena) throws LinuxException {
    Runs runs =
        Runs.collect(to -> extents.forEach(extent -> to.range(extent.address(), extent.length())));
    return memory
        .scattered(runs, arena)
        .contiguous()
        .orElseThrow(() ->
            new WarmException(
                WarmException.Reason.ROOM,
                "%s: a region of %d extents cannot be mapped: see vm.max_map_count"
                    .formatted(path(), extents.size())));
  }

  /**
   * Returns whether a directory still has the file; true for memory that never had a file there.
   */
  boolean isLinked() {
    return true;
  }

  void close() {
    memory.close();
  }
}
