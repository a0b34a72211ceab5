package org.kho4j.handover.content;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/**
 * Presents content as a memory whose addresses are the offsets in the content, for a file that
 * contains a handover itself. Holes read as zeros. Takes 24 bytes for each piece.
 */
public final class ContentMemory implements PhysicalMemory {

  private final HandoverMemory memory;
  private final long size;
  private long[] offsets = new long[16];
  private long[] addresses = new long[16];
  private long[] lengths = new long[16];
  private int count;

  /**
   * Presents content as a memory, which is closed with the memory of the content.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the description of the content is broken
   */
  public ContentMemory(HandoverMemory memory, Content content) {
    this.memory = memory;
    this.size = content.size();
    content.forEachPiece(this::add);
  }

  private void add(long offset, long address, long bytes) {
    if (count == offsets.length) {
      offsets = Arrays.copyOf(offsets, count * 2);
      addresses = Arrays.copyOf(addresses, count * 2);
      lengths = Arrays.copyOf(lengths, count * 2);
    }
    offsets[count] = offset;
    addresses[count] = address;
    lengths[count++] = bytes;
  }

  /** Returns the bytes of the content. */
  public long size() {
    return size;
  }

  /**
   * Returns parts of the content, one behind the other, as content of their own.
   *
   * @param path of the parts, for messages
   * @param ranges of the content
   * @param bytes in all; the last range may have more
   */
  public Content parts(String path, List<AddressRange> ranges, long bytes) {
    return new Content(
        memory,
        path,
        bytes,
        visitor -> {
          long at = 0;
          for (AddressRange range : ranges) {
            long length = Math.min(range.length(), bytes - at);
            long shift = at - range.address();
            forEachPiece(
                range.address(),
                length,
                (offset, address, part) -> visitor.piece(offset + shift, address, part));
            at += length;
          }
        });
  }

  /** Visits the pieces of a range that are present. */
  private void forEachPiece(long start, long length, Content.PieceVisitor visitor) {
    long end = start + length;
    for (int i = pieceAt(start); i < count && offsets[i] < end; i++) {
      long from = Math.max(start, offsets[i]);
      long to = Math.min(end, offsets[i] + lengths[i]);
      if (from < to) {
        visitor.piece(from, addresses[i] + (from - offsets[i]), to - from);
      }
    }
  }

  /** Returns the last piece that begins at an offset or before it; 0 if none does. */
  private int pieceAt(long offset) {
    int found = Arrays.binarySearch(offsets, 0, count, offset);
    return found >= 0 ? found : Math.max(0, -found - 2);
  }

  @Override
  public MemorySource source() {
    return memory.physical().source();
  }

  @Override
  public MemorySegment read(long address, long length) {
    if (length < 1 || length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("%d bytes at 0x%x".formatted(length, address));
    }
    if (!contains(address, length)) {
      throw new AbsentMemoryException(
          Math.max(address, size), "the content has %d bytes".formatted(size));
    }
    int piece = count == 0 ? 0 : pieceAt(address);
    if (piece < count
        && offsets[piece] <= address
        && address + length <= offsets[piece] + lengths[piece]) {
      return memory.physical().read(addresses[piece] + (address - offsets[piece]), length);
    }
    MemorySegment copy = MemorySegment.ofArray(new byte[(int) length]);
    forEachPiece(
        address,
        length,
        (offset, from, bytes) ->
            copy.asSlice(offset - address, bytes).copyFrom(memory.physical().read(from, bytes)));
    return copy.asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    return length == 0
        || (address >= 0 && length > 0 && length <= size && address <= size - length);
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    if (size > 0) {
      visitor.range(0, size);
    }
  }

  /** Does nothing: the memory that the content is in has another owner. */
  @Override
  public void close() {}
}
