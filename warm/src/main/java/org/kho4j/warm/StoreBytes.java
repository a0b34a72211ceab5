package org.kho4j.warm;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.PhysicalMemory;

/** The bytes of a store, for reading: of a mapped file, or of a file in a memory image. */
class StoreBytes {

  /** Most bytes of one read: the directory of 600,000 regions. */
  private static final int MAX_READ = 64 << 20;

  private static final int PIECE = 1 << 20;

  private final PhysicalMemory bytes;
  private final long size;

  /**
   * The bytes of a store.
   *
   * @param bytes memory whose addresses are the offsets in the store
   * @param size of the store
   */
  StoreBytes(PhysicalMemory bytes, long size) {
    this.bytes = bytes;
    this.size = size;
  }

  final Path path() {
    return bytes.source().path();
  }

  final long size() {
    return size;
  }

  long get(long at) {
    return read(at, Long.BYTES).get(StoreLayout.U64, 0);
  }

  /**
   * Reads metadata, which may be copied.
   *
   * @throws WarmException if the read is larger than any metadata
   */
  MemorySegment read(long at, long length) {
    if (length > MAX_READ) {
      throw new WarmException(
          WarmException.Reason.DAMAGED,
          "%s at 0x%x: metadata of %,d bytes, more than %,d"
              .formatted(path(), at, length, MAX_READ));
    }
    return length == 0 ? MemorySegment.ofArray(new byte[0]) : bytes.read(at, length);
  }

  /** Computes the CRC-32C of a region's content. */
  final int checksum(WarmDirectory.Entry region) {
    CRC32C crc = new CRC32C();
    long left = region.bytes();
    for (AddressRange extent : region.extents()) {
      long length = Math.min(left, extent.length());
      for (long at = 0; at < length; at += PIECE) {
        long part = Math.min(PIECE, length - at);
        crc.update(read(extent.address() + at, part).asByteBuffer());
      }
      left -= length;
    }
    return (int) crc.getValue();
  }
}
