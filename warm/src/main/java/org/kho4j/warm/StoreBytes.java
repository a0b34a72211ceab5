package org.kho4j.warm;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.PhysicalMemory;

/** The bytes of a store, for reading: of an owner's file, of any file, or in a memory image. */
abstract class StoreBytes {

  /** Most bytes of one read of a store that is not this process's: 600,000 regions. */
  private static final int MAX_READ = 64 << 20;

  /** Bytes of a region's content that are read at once. */
  static final int PIECE = 1 << 20;

  private final Path path;
  private final long size;

  StoreBytes(Path path, long size) {
    this.path = path;
    this.size = size;
  }

  /**
   * Returns the bytes of a store in a memory image.
   *
   * @param memory whose addresses are the offsets in the store
   */
  static StoreBytes of(PhysicalMemory memory, long size) {
    return new StoreBytes(memory.source().path(), size) {
      @Override
      MemorySegment read(long at, long length) {
        requireMetadata(at, length);
        return length == 0 ? MemorySegment.NULL : memory.read(at, length);
      }
    };
  }

  /**
   * Returns the bytes of a store in a file, which may be another user's: they are read and not
   * mapped, because a mapped file in memory gets memory for each hole that is read.
   */
  static StoreBytes of(Path path, FileChannel file) throws IOException {
    return new StoreBytes(path, file.size()) {
      @Override
      MemorySegment read(long at, long length) {
        requireMetadata(at, length);
        Objects.checkFromIndexSize(at, length, size());
        return fill(at, ByteBuffer.allocate((int) length));
      }

      @Override
      void forEachPiece(AddressRange range, Consumer<MemorySegment> to) {
        Objects.checkFromIndexSize(range.address(), range.length(), size());
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
        for (long at = range.address(); at < range.end(); at += PIECE) {
          to.accept(fill(at, piece.clear().limit((int) Math.min(PIECE, range.end() - at))));
        }
      }

      private MemorySegment fill(long at, ByteBuffer bytes) {
        try {
          while (bytes.hasRemaining()) {
            if (file.read(bytes, at + bytes.position()) < 0) {
              throw new EOFException(path + " became shorter while it was read");
            }
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        return MemorySegment.ofBuffer(bytes.flip());
      }
    };
  }

  final void requireMetadata(long at, long length) {
    if (length > MAX_READ) {
      throw new WarmException(
          WarmException.Reason.DAMAGED,
          "%s at 0x%x: metadata of %,d bytes, more than %,d".formatted(path, at, length, MAX_READ));
    }
  }

  final Path path() {
    return path;
  }

  final long size() {
    return size;
  }

  long get(long at) {
    return read(at, Long.BYTES).get(StoreLayout.U64, 0);
  }

  /**
   * Reads bytes, which may be copied.
   *
   * @throws WarmException if the read is larger than any metadata
   */
  abstract MemorySegment read(long at, long length);

  /** Passes on the bytes of a range in order, at most {@link #PIECE} at once. */
  void forEachPiece(AddressRange range, Consumer<MemorySegment> to) {
    for (long at = range.address(); at < range.end(); at += PIECE) {
      to.accept(read(at, Math.min(PIECE, range.end() - at)));
    }
  }

  /** Computes the CRC-32C of a region's content. */
  final int checksum(WarmDirectory.Entry region) {
    CRC32C crc = new CRC32C();
    long left = region.bytes();
    for (AddressRange extent : region.extents()) {
      long length = Math.min(left, extent.length());
      forEachPiece(
          new AddressRange(extent.address(), length), piece -> StoreLayout.update(crc, piece));
      left -= length;
    }
    return (int) crc.getValue();
  }
}
