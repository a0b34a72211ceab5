package org.kho4j.memory.unpacked;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;

/**
 * Where decompressed bytes go: a buffer that they are put together in, and what came before it.
 * Decoders write into {@link #buffer} from {@link #used} on, after they {@link #reserve} room.
 */
public abstract class UnpackedOutput {

  /** Every output has room for so much at once. */
  private static final int PIECE = 64 << 10;

  /** Takes bytes until it is full. */
  public final byte[] buffer;

  /** The buffer once more. Copies between segments need no linking at run time, as others do. */
  public final MemorySegment segment;

  /** Bytes in the buffer. */
  public int used;

  /** Bytes that came before the buffer's first. */
  public long before;

  protected UnpackedOutput(byte[] buffer) {
    this.buffer = buffer;
    this.segment = MemorySegment.ofArray(buffer);
  }

  /** Bytes so far. */
  public final long total() {
    return before + used;
  }

  /**
   * Makes room in the buffer for this many bytes.
   *
   * @throws DataFormatException if that would be more than the output takes
   */
  public abstract void reserve(int length) throws IOException, DataFormatException;

  /** Appends zeros. */
  public abstract void zeros(int length) throws IOException, DataFormatException;

  /** Copies bytes from before the buffer to a place in it. */
  public abstract void copyEarlier(long position, int length, int at)
      throws IOException, DataFormatException;

  /**
   * What came out from a position on, to be checked, or changed where a filter wants that. Valid
   * until more comes out.
   */
  public abstract MemorySegment written(long from) throws IOException;

  /** Appends bytes. */
  public final void append(MemorySegment from, long at, long length)
      throws IOException, DataFormatException {
    long done = 0;
    while (done < length) {
      int piece = (int) Math.min(length - done, PIECE);
      reserve(piece);
      MemorySegment.copy(from, at + done, segment, used, piece);
      used += piece;
      done += piece;
    }
  }

  /**
   * Appends a copy of what came out {@code distance} bytes ago; a match longer than its distance
   * repeats what it makes.
   *
   * @param distance 1 to {@link #total}
   */
  public final void appendMatch(long distance, int length) throws IOException, DataFormatException {
    int left = length;
    while (left > 0) {
      int piece = Math.min(left, PIECE);
      reserve(piece);
      long source = used - distance;
      if (source < 0) {
        piece = (int) Math.min(piece, -source);
        copyEarlier(before + source, piece, used);
      } else {
        copyWithin((int) source, piece);
      }
      used += piece;
      left -= piece;
    }
  }

  private void copyWithin(int source, int length) {
    if (used - source >= length) {
      System.arraycopy(buffer, source, buffer, used, length);
      return;
    }
    for (int i = 0; i < length; i++) {
      buffer[used + i] = buffer[source + i];
    }
  }
}
