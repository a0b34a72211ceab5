package org.kho4j.handover.content;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import org.kho4j.abi.KhoRadix;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.memory.FileExtent;
import org.kho4j.memory.MemoryReadException;

/**
 * The content of a file, a vmalloc area or a blob: a sequence of bytes that is scattered over
 * physical memory. Bytes are read only on request. Immutable.
 */
public final class Content {

  private static final int STRETCH_BYTES = 1 << 20;

  /**
   * Fewest bytes for which the place in a file is looked up: to share smaller pieces takes a system
   * call for each.
   */
  private static final int LEAST_OF_A_FILE = 1 << 16;

  /** Takes a piece of content that is contiguous in physical memory. */
  @FunctionalInterface
  public interface PieceVisitor {
    /**
     * Takes one piece.
     *
     * @param offset of its first byte in the content
     * @param address physical address of its first byte
     * @param bytes at least 1
     */
    void piece(long offset, long address, long bytes);
  }

  /** Visits the pieces of content with their places in memory. */
  @FunctionalInterface
  public interface Pieces {
    /** Visits every piece by ascending offset. Pieces do not overlap; between them are zeros. */
    void forEach(PieceVisitor visitor);
  }

  /** Takes content in order: every byte comes by exactly one of these methods. */
  public interface Visitor {
    /**
     * Takes bytes that the source has.
     *
     * @param bytes read-only, at most 1 MiB; zero-copy where the source is mapped
     * @param offset of the first in the content
     */
    void bytes(MemorySegment bytes, long offset) throws IOException;

    /**
     * Takes bytes that the source has, as {@link #bytes(MemorySegment, long)} does; 64 KiB at
     * least.
     *
     * @param file the extent of a file that holds the same bytes unchanged, if there is one
     */
    default void bytes(MemorySegment bytes, long offset, Optional<FileExtent> file)
        throws IOException {
      bytes(bytes, offset);
    }

    /** Takes a hole, where nothing was ever written: it reads as zeros. */
    void hole(long offset, long length) throws IOException;

    /**
     * Takes memory that belongs to the content and that the source does not have, or cannot decode.
     * Throws unless it is overridden.
     *
     * @param offset of the first byte in the content
     * @param address its physical address
     * @param length at most a page
     * @param reason names the place
     */
    default void absent(long offset, long address, long length, HandoverException reason)
        throws IOException {
      throw reason;
    }
  }

  private final HandoverMemory memory;
  private final String path;
  private final long size;
  private final Pieces pieces;

  /**
   * Content of any layout.
   *
   * @param path of the structure that describes it
   * @param size in bytes, not negative
   * @param pieces the pieces in memory; none reaches beyond {@code size}
   */
  public Content(HandoverMemory memory, String path, long size, Pieces pieces) {
    this.memory = memory;
    this.path = path;
    this.size = size;
    this.pieces = pieces;
  }

  /**
   * Content that is contiguous in physical memory.
   *
   * @throws HandoverException if there can be no such memory
   */
  public static Content contiguous(HandoverMemory memory, String path, long address, long size) {
    long end = 1L << KhoRadix.MAX_PHYSICAL_BITS;
    if (size < 0 || address < 0 || address > end || size > end - address) {
      throw new HandoverException(
          path,
          address,
          "%s bytes from 0x%x on: physical memory ends at 2^%d"
              .formatted(Long.toUnsignedString(size), address, KhoRadix.MAX_PHYSICAL_BITS));
    }
    return new Content(
        memory,
        path,
        size,
        visitor -> {
          if (size > 0) {
            visitor.piece(0, address, size);
          }
        });
  }

  /** Returns the size in bytes, holes included. */
  public long size() {
    return size;
  }

  /** Returns the path of the structure that describes the content. */
  public String path() {
    return path;
  }

  /**
   * Visits the pieces of the content without reading them: by ascending offset, physical neighbours
   * as one piece.
   *
   * @throws HandoverException if the description is broken
   */
  public void forEachPiece(PieceVisitor visitor) {
    pieces.forEach(visitor);
  }

  /**
   * Returns the physical address of the first byte; 0 if no memory has it.
   *
   * @throws HandoverException if the description is broken
   */
  public long firstAddress() {
    long[] first = new long[1];
    forEachPiece((offset, address, bytes) -> first[0] = offset == 0 ? address : first[0]);
    return first[0];
  }

  /**
   * Counts the bytes whose memory the source does not have. Reads no content; where the source has
   * all RAM, does not read the content's description either.
   *
   * @throws HandoverException if the description is broken
   */
  public long absentBytes() {
    if (memory.isWhole()) {
      return 0;
    }
    long[] absent = new long[1];
    forEachAbsent((offset, address, bytes) -> absent[0] += bytes);
    return absent[0];
  }

  /**
   * Returns the physical address of the first of the {@link #absentBytes absent bytes}; -1 if there
   * are none.
   *
   * @throws HandoverException if the description is broken
   */
  public long firstAbsent() {
    long[] first = {-1};
    forEachAbsent((offset, address, bytes) -> first[0] = first[0] < 0 ? address : first[0]);
    return first[0];
  }

  /** Visits the parts of pages whose memory the source does not have. */
  private void forEachAbsent(PieceVisitor visitor) {
    long pageMask = memory.pageSize().bytes() - 1L;
    forEachPiece((offset, address, bytes) -> {
      if (memory.physical().contains(address, bytes)) {
        return;
      }
      long end = address + bytes;
      for (long at = address; at < end; ) {
        long next = Math.min(end, (at | pageMask) + 1);
        if (!memory.physical().contains(at, next - at)) {
          visitor.piece(offset + (at - address), at, next - at);
        }
        at = next;
      }
    });
  }

  /**
   * Returns the bytes that no memory has: holes, which read as zeros. Reads no content.
   *
   * @throws HandoverException if the description is broken
   */
  public long holeBytes() {
    long[] holes = {size};
    forEachPiece((offset, address, bytes) -> holes[0] -= bytes);
    return holes[0];
  }

  /**
   * Reads all of the content, in order.
   *
   * @throws HandoverException if the description is broken, a page cannot be read and {@code
   *     visitor} accepts that, or more is read than the source has
   * @throws IOException if {@code visitor} throws it
   */
  public void read(Visitor visitor) throws IOException {
    Reading reading = new Reading(visitor);
    try {
      pieces.forEach(reading);
    } catch (Stopped e) {
      throw e.getCause();
    }
    reading.hole(size);
  }

  /**
   * Writes all of the content to a channel, with zeros for holes.
   *
   * @return bytes written, {@link #size()}
   * @throws HandoverException as {@link #read} does
   */
  public long transferTo(WritableByteChannel channel) throws IOException {
    read(
        new Visitor() {
          @Override
          public void bytes(MemorySegment bytes, long offset) throws IOException {
            write(bytes.asByteBuffer());
          }

          @Override
          public void hole(long offset, long length) throws IOException {
            ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(STRETCH_BYTES, length));
            for (long left = length; left > 0; left -= zeros.limit()) {
              write(zeros.position(0).limit((int) Math.min(left, zeros.capacity())));
            }
          }

          private void write(ByteBuffer buffer) throws IOException {
            while (buffer.hasRemaining()) {
              channel.write(buffer);
            }
          }
        });
    return size;
  }

  /** A visitor's failure on its way through the walk of the pieces. */
  private static final class Stopped extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    Stopped(IOException cause) {
      super(cause);
    }
  }

  private final class Reading implements PieceVisitor {
    private final Visitor visitor;
    private long next;
    private long present;

    Reading(Visitor visitor) {
      this.visitor = visitor;
    }

    @Override
    public void piece(long offset, long address, long bytes) {
      try {
        hole(offset);
        for (long at = 0; at < bytes; at += STRETCH_BYTES) {
          stretch(offset + at, address + at, Math.min(STRETCH_BYTES, bytes - at));
        }
      } catch (IOException e) {
        throw new Stopped(e);
      }
      next = offset + bytes;
    }

    void hole(long end) throws IOException {
      if (end > next) {
        visitor.hole(next, end - next);
        next = end;
      }
    }

    private void stretch(long offset, long address, long bytes) throws IOException {
      MemorySegment content;
      try {
        content = memory.physical().read(address, bytes);
      } catch (MemoryReadException e) {
        pageByPage(offset, address, bytes);
        return;
      }
      take(content, offset, address);
    }

    private void pageByPage(long offset, long address, long bytes) throws IOException {
      long end = address + bytes;
      for (long at = address; at < end; ) {
        long length = Math.min(end, (at | (memory.pageSize().bytes() - 1L)) + 1) - at;
        long pageOffset = offset + (at - address);
        MemorySegment page;
        try {
          page = memory.physical().read(at, length);
        } catch (MemoryReadException e) {
          HandoverException reason =
              new HandoverException(
                  path,
                  e.address(),
                  "offset 0x%x cannot be read: %s"
                      .formatted(pageOffset + (e.address() - at), e.getMessage()));
          reason.initCause(e);
          visitor.absent(pageOffset, at, length, reason);
          at += length;
          continue;
        }
        take(page, pageOffset, at);
        at += length;
      }
    }

    /**
     * Takes content, up to a limit: descriptions that share memory could make a small source yield
     * bytes without end.
     */
    private void take(MemorySegment content, long offset, long address) throws IOException {
      present += content.byteSize();
      if (present > memory.presentBytes()) {
        throw new HandoverException(
            path,
            address,
            "up to offset 0x%x the content is larger than all of the memory in the source: parts of it"
                    .formatted(offset)
                + " are the same memory");
      }
      long size = content.byteSize();
      if (size < LEAST_OF_A_FILE) {
        visitor.bytes(content, offset);
      } else {
        visitor.bytes(content, offset, memory.physical().extent(address, size));
      }
    }
  }
}
