package org.kho4j.files.packed;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.util.BitSet;
import java.util.zip.DataFormatException;
import org.kho4j.files.FileHoles;

/** Writes unpacked bytes into a file, and leaves holes where whole pages are zero. */
final class SparseOutput implements AutoCloseable {

  private static final int PAGE = 4096;
  private static final int BUFFER = 1 << 17;

  /** One bit for each stretch of 2^18 bytes, set if the stretch has data: 512 KiB for 1 TiB. */
  private static final int STRETCH_SHIFT = 18;

  private final FileChannel channel;
  private final DiskSpace space;
  private final Spool spool;
  private final BitSet data = new BitSet();
  private final Arena arena = Arena.ofConfined();
  private final ByteBuffer buffer = arena.allocate(BUFFER, Long.BYTES).asByteBuffer();
  private final ByteBuffer zeros = arena.allocate(BUFFER, Long.BYTES).asByteBuffer();

  /** Bytes that came before the buffer's first: whole buffers, so whole pages. */
  private long before;

  /**
   * Writes into a file.
   *
   * @param spool has the most bytes that come out
   */
  SparseOutput(FileChannel channel, DiskSpace space, Spool spool) {
    this.channel = channel;
    this.space = space;
    this.spool = spool;
  }

  /** Bytes so far. */
  long total() {
    return before + buffer.position();
  }

  /**
   * Returns a direct buffer to append to, with room for one byte at least. Valid until the next
   * call.
   *
   * @throws DataFormatException if more came out than the output takes
   */
  ByteBuffer room() throws IOException, DataFormatException {
    if (!buffer.hasRemaining()) {
      flush();
    }
    return buffer;
  }

  /** Appends bytes. */
  void write(byte[] bytes, int offset, int length) throws IOException, DataFormatException {
    for (int done = 0; done < length; ) {
      int piece = Math.min(length - done, room().remaining());
      buffer.put(bytes, offset + done, piece);
      done += piece;
    }
  }

  private void flush() throws IOException, DataFormatException {
    if (total() > spool.limit()) {
      throw new DataFormatException("it decompresses to more than " + spool.limit() + " bytes");
    }
    spool.progress().accept(total());
    int used = buffer.position();
    int at = firstNonZero(0, used);
    while (at < used) {
      int start = at & -PAGE;
      int end = start;
      do {
        end = Math.min(used, end + PAGE);
      } while (end < used && !isZero(end, Math.min(used, end + PAGE)));
      write(start, end);
      at = firstNonZero(end, used);
    }
    before += used;
    buffer.clear();
  }

  private boolean isZero(int start, int end) {
    return firstNonZero(start, end) == end;
  }

  /** Returns the index of the first byte that is not zero, or {@code end}. */
  private int firstNonZero(int start, int end) {
    int at = buffer.slice(start, end - start).mismatch(zeros.slice(0, end - start));
    return at < 0 ? end : start + at;
  }

  private void write(int start, int end) throws IOException {
    space.take(end - start);
    data.set(stretch(before + start), stretch(before + end - 1) + 1);
    write(buffer.slice(start, end - start), before + start);
  }

  private void write(ByteBuffer piece, long position) throws IOException {
    try {
      while (piece.hasRemaining()) {
        channel.write(piece, position + piece.position());
      }
    } catch (ClosedByInterruptException e) {
      throw e; // not a fault of the file
    } catch (IOException e) {
      throw new IOException(space.failure(String.valueOf(e.getMessage())), e);
    }
  }

  private static int stretch(long position) {
    return (int) (position >>> STRETCH_SHIFT);
  }

  /** Returns the holes of the file, as far as they are whole stretches of it. */
  FileHoles holes() {
    return (path, offset, length, visitor) -> {
      long end = offset + length;
      for (int first = data.nextSetBit(stretch(offset)); first >= 0; ) {
        int last = data.nextClearBit(first);
        long from = Math.max(offset, (long) first << STRETCH_SHIFT);
        long to = Math.min(end, (long) last << STRETCH_SHIFT);
        if (from >= to) {
          return;
        }
        visitor.data(from, to - from);
        first = data.nextSetBit(last);
      }
    };
  }

  /** Writes what is left and gives the file its size. */
  void finish() throws IOException, DataFormatException {
    flush();
    if (channel.size() < before) {
      write(ByteBuffer.allocate(1), before - 1);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
