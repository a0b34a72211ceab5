package org.kho4j.memory.running;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A cache of pieces of memory as first read, so that all readers see the same bytes. */
final class WatchedPages implements AutoCloseable {

  /** Bytes of a page; a piece lies in one page. */
  static final int PIECE = 1 << 12;

  /** Most pieces that are kept: 64 MiB of structures. */
  static final int MOST = 1 << 14;

  private final Reader reader;
  private final Map<Long, MemorySegment> pieces = new ConcurrentSkipListMap<>();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicLong unwatched = new AtomicLong();
  private final Arena arena = Arena.ofShared();

  /** Reads memory that is present. */
  @FunctionalInterface
  interface Reader {
    /** Fills a segment with the bytes from an address on. */
    void read(long address, MemorySegment target);
  }

  WatchedPages(Reader reader) {
    this.reader = reader;
  }

  /** Returns bytes from an address on, which are all in one page of {@link #PIECE} bytes. */
  MemorySegment piece(long address, int length) {
    MemorySegment known = pieces.get(address);
    if (known != null && known.byteSize() == length) {
      return known;
    }
    if (count.get() >= MOST) {
      unwatched.addAndGet(length);
      MemorySegment once = MemorySegment.ofArray(new byte[length]);
      reader.read(address, once);
      return once;
    }
    MemorySegment read = arena.allocate(length, Long.BYTES);
    reader.read(address, read);
    MemorySegment first = pieces.putIfAbsent(address, read);
    count.incrementAndGet();
    return first == null ? read : first;
  }

  /** Reads all pieces again; returns the addresses of those that changed, ascending. */
  List<Long> changed() {
    List<Long> changed = new ArrayList<>();
    MemorySegment buffer = MemorySegment.ofArray(new byte[PIECE]);
    pieces.forEach((address, piece) -> {
      MemorySegment again = buffer.asSlice(0, piece.byteSize());
      reader.read(address, again);
      if (again.mismatch(piece) >= 0) {
        changed.add(address);
      }
    });
    return changed;
  }

  /** Returns the bytes of pieces beyond {@link #MOST}, whose changes are not detected. */
  long unwatched() {
    return unwatched.get();
  }

  @Override
  public void close() {
    arena.close();
  }
}
