package org.kho4j.handover.content;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.FileExtent;

/**
 * Writes content into a new file, each byte at its own offset. A sparse file leaves out holes of
 * the content and pages of zeros. Where a file has 256 KiB of the content in one piece, the kernel
 * copies them.
 *
 * <p>Writing happens in the background, so that reading and writing overlap: the memory of the
 * content must stay open until {@link #finish} or {@link #close}.
 */
public final class ContentFile implements Content.Visitor, AutoCloseable {

  /** File systems leave out whole blocks; a block is of this size or smaller. */
  private static final int BLOCK = 4096;

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[BLOCK]).asReadOnly();
  private static final int PIECE = 1 << 20;

  /** Most bytes that the kernel copies in one call: a signal to end waits for one such call. */
  private static final long MOST_COPIED = 16 << 20;

  private final WriteBehind file;
  private final boolean sparse;
  private List<MemorySegment> gathered = new ArrayList<>();
  private long gatheredBytes;

  /**
   * The extent of a file that holds the gathered pieces one behind the other; null if there is
   * none.
   */
  private @Nullable FileExtent source;

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

  /** Returns the number of bytes written; the rest of the file is left out. */
  public long written() {
    return written;
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    bytes(bytes, offset, Optional.empty());
  }

  @Override
  public void bytes(MemorySegment bytes, long offset, Optional<FileExtent> file)
      throws IOException {
    FileExtent extent = file.orElse(null);
    if (!sparse) {
      write(bytes, offset, extent);
      return;
    }
    long size = bytes.byteSize();
    long start = 0;
    for (long at = 0; at < size; at += BLOCK) {
      long length = Math.min(BLOCK, size - at);
      if (isZero(bytes, at, length)) {
        if (at > start) {
          write(bytes.asSlice(start, at - start), offset + start, behind(extent, start));
        }
        start = at + length;
      }
    }
    if (start == 0) {
      write(bytes, offset, extent);
    } else if (start < size) {
      write(bytes.asSlice(start, size - start), offset + start, behind(extent, start));
    }
  }

  private static @Nullable FileExtent behind(@Nullable FileExtent extent, long bytes) {
    return extent == null ? null : new FileExtent(extent.channel(), extent.position() + bytes);
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
      write(zeros.asSlice(0, Math.min(PIECE, length - at)), offset + at, null);
    }
  }

  /**
   * Writes the remaining bytes, waits for them, and gives the file its size: where the file ends in
   * zeros that were left out, its last byte is written.
   *
   * @param size of the content
   */
  public void finish(long size) throws IOException {
    if (end < size) {
      write(ZEROS.asSlice(0, 1), size - 1, null);
    }
    flush();
    file.drain();
  }

  /** Stops writing, and drops the bytes that are not written yet. */
  @Override
  public void close() {
    file.close();
  }

  private void write(MemorySegment bytes, long offset, @Nullable FileExtent extent)
      throws IOException {
    long size = bytes.byteSize();
    boolean follows = extent != null && source != null && extent.follows(source, gatheredBytes);
    long most = follows ? MOST_COPIED : WriteBehind.MOST;
    if (offset != end || gatheredBytes + size > most) {
      flush();
    }
    if (gathered.isEmpty()) {
      source = extent;
    } else if (!follows) {
      source = null;
    }
    gathered.add(bytes);
    gatheredBytes += size;
    written += size;
    end = offset + size;
  }

  private void flush() throws IOException {
    if (gathered.isEmpty()) {
      return;
    }
    long start = end - gatheredBytes;
    if (source != null && gatheredBytes >= WriteBehind.MOST) {
      file.copy(source, gatheredBytes, start);
    } else {
      file.write(gathered, start);
    }
    gathered = new ArrayList<>();
    gatheredBytes = 0;
    source = null;
  }
}
