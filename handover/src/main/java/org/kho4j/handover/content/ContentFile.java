package org.kho4j.handover.content;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes content into a new file, each byte at its own offset. A sparse one leaves out what reads
 * as zeros anyway: holes of the content, and pages of zeros.
 *
 * <p>What it is given is written behind the caller's back, so that reading and writing overlap: the
 * memory that the content comes from stays open until {@link #finish} or {@link #close}.
 */
public final class ContentFile implements Content.Visitor, AutoCloseable {

  /** What file systems leave out is a multiple of their block, which is of this size or smaller. */
  private static final int BLOCK = 4096;

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[BLOCK]).asReadOnly();
  private static final int PIECE = 1 << 20;

  private final WriteBehind file;
  private final boolean sparse;
  private List<MemorySegment> gathered = new ArrayList<>();
  private long gatheredBytes;
  private long written;
  private long end;

  /**
   * A file.
   *
   * @param channel of an empty file
   * @param sparse whether to leave zeros out
   */
  public ContentFile(FileChannel channel, boolean sparse) {
    this.file = new WriteBehind(channel);
    this.sparse = sparse;
  }

  /** Bytes that were written; the rest of the file is left out. */
  public long written() {
    return written;
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    if (!sparse) {
      write(bytes, offset);
      return;
    }
    long size = bytes.byteSize();
    long start = 0;
    for (long at = 0; at < size; at += BLOCK) {
      long length = Math.min(BLOCK, size - at);
      if (isZero(bytes, at, length)) {
        if (at > start) {
          write(bytes.asSlice(start, at - start), offset + start);
        }
        start = at + length;
      }
    }
    if (start < size) {
      write(bytes.asSlice(start, size - start), offset + start);
    }
  }

  private static boolean isZero(MemorySegment bytes, long at, long length) {
    return bytes.get(ValueLayout.JAVA_BYTE, at) == 0
        && MemorySegment.mismatch(bytes, at, at + length, ZEROS, 0, length) < 0;
  }

  @Override
  public void hole(long offset, long length) throws IOException {
    if (sparse) {
      return;
    }
    MemorySegment zeros = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(PIECE));
    for (long at = 0; at < length; at += PIECE) {
      write(zeros.asSlice(0, Math.min(PIECE, length - at)), offset + at);
    }
  }

  /**
   * Writes what is still to be written, waits for it, and gives the file its size: where it ends in
   * zeros that were left out, its last byte is written.
   *
   * @param size of the content
   */
  public void finish(long size) throws IOException {
    if (end < size) {
      write(ZEROS.asSlice(0, 1), size - 1);
    }
    flush();
    file.drain();
  }

  /** Stops writing; what has not been written by now is not. */
  @Override
  public void close() {
    file.close();
  }

  private void write(MemorySegment bytes, long offset) throws IOException {
    long size = bytes.byteSize();
    if (offset != end || gatheredBytes + size > WriteBehind.MOST) {
      flush();
    }
    gathered.add(bytes);
    gatheredBytes += size;
    written += size;
    end = offset + size;
  }

  private void flush() throws IOException {
    if (!gathered.isEmpty()) {
      file.write(gathered, end - gatheredBytes);
      gathered = new ArrayList<>();
      gatheredBytes = 0;
    }
  }
}
