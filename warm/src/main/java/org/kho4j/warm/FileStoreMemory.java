package org.kho4j.warm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.LinuxFile;
import org.kho4j.linux.LinuxMemory;

/**
 * A store's memory in a file or a memory file. A region of one extent has a mapping of its own.
 *
 * <p>The lock is on an open file description that is not mapped. The kernel keeps a mapped
 * description while any reader inspects the dead process in {@code /proc}, or while a child that
 * was being started still shares its memory; a restarted service would find the store in use.
 */
final class FileStoreMemory extends StoreMemory {

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PIECE]).asReadOnly();

  /**
   * Ranges smaller than this part of the rest of the file are read without a search for holes:
   * SEEK_DATA may look at all of the rest, at 25 times the speed of reading (tmpfs).
   */
  private static final int SEEK_SHARE = 32;

  private final LinuxFile file;
  private final Optional<LinuxFile> lock;
  private final boolean wasLinked;
  private final boolean reserved;
  private AddressRange data = AddressRange.EMPTY;

  /** Creates memory over a file that no other process has. */
  FileStoreMemory(LinuxFile file) throws IOException {
    this(file, Optional.empty());
  }

  /**
   * Creates memory over a file.
   *
   * @param lock the same file, locked, with an open file description of its own; closed after the
   *     memory is unmapped
   */
  FileStoreMemory(LinuxFile file, Optional<LinuxFile> lock) throws IOException {
    super(LinuxMemory.map(file, 0));
    this.file = file;
    this.lock = lock;
    this.wasLinked = file.isLinked();
    this.reserved = file.allocatedBytes() >= file.size();
  }

  @Override
  boolean isLinked() {
    try {
      return !wasLinked || file.isLinked();
    } catch (LinuxException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  void close() {
    super.close();
    lock.ifPresent(LinuxFile::close);
  }

  @Override
  MemorySegment map(List<AddressRange> extents, Arena arena) throws LinuxException {
    if (extents.size() > 1) {
      return super.map(extents, arena);
    }
    AddressRange extent = extents.getFirst();
    return file.map(extent.address(), extent.length(), arena);
  }

  /** Leaves holes alone: they are zero, and clearing them would allocate memory. */
  @Override
  void clear(AddressRange range) {
    forEachData(range, super::clear);
  }

  /** Reads no hole: reading one in a mapped file in memory allocates memory. */
  @Override
  void forEachPiece(AddressRange range, Consumer<MemorySegment> to) {
    long[] next = {range.address()};
    forEachData(
        range,
        data -> {
          zeros(data.address() - next[0], to);
          super.forEachPiece(data, to);
          next[0] = data.end();
        });
    zeros(range.end() - next[0], to);
  }

  private static void zeros(long bytes, Consumer<MemorySegment> to) {
    for (long left = bytes; left > 0; left -= ZEROS.byteSize()) {
      to.accept(ZEROS.asSlice(0, Math.min(left, ZEROS.byteSize())));
    }
  }

  /**
   * Visits the parts of a range that are no holes; all of a small range whose memory is reserved.
   */
  private void forEachData(AddressRange range, Consumer<AddressRange> visitor) {
    if (reserved && range.length() < (size() - range.address()) / SEEK_SHARE) {
      visitor.accept(range);
      return;
    }
    try {
      long at = range.address();
      while (at < range.end() && findData(at) && data.address() < range.end()) {
        long start = Math.max(at, data.address());
        at = Math.min(data.end(), range.end());
        visitor.accept(new AddressRange(start, at - start));
      }
    } catch (LinuxException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Finds the data at or after an offset. The kernel looks at every page up to the next hole, so
   * the last answer is kept for the regions that follow: an owner makes no holes.
   */
  private boolean findData(long at) throws LinuxException {
    if (data.address() <= at && at < data.end()) {
      return true;
    }
    OptionalLong start = file.nextData(at);
    if (start.isEmpty()) {
      return false;
    }
    long end = file.nextHole(start.getAsLong()).orElse(size());
    data = new AddressRange(start.getAsLong(), end - start.getAsLong());
    return true;
  }
}
