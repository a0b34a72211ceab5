package org.kho4j.handover.content;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kho4j.memory.FileExtent;

/**
 * Writes content into a new file, each byte at its own offset. A sparse file leaves out holes of
 * the content and pages of zeros.
 *
 * <p>Writing happens in the background, so that reading and writing overlap: the memory of the
 * content must stay open until {@link #finish} or {@link #close}.
 */
public final class ContentFile implements Content.Visitor, AutoCloseable {

  private static final MemorySegment ZEROS =
      MemorySegment.ofBuffer(ByteBuffer.allocateDirect(WriteBehind.MOST)).asReadOnly();

  private final FileChannel channel;
  private final WriteBehind file;
  private final boolean sparse;
  private final boolean sharesBlocks;
  private List<MemorySegment> gathered = new ArrayList<>();
  private long gatheredBytes;
  private long end;

  /**
   * A file.
   *
   * @param channel of an empty file
   * @param sparse whether to leave zeros out
   * @param sharesBlocks whether the file can share blocks with the file of the content: the kernel
   *     is then asked to copy what that file has in one piece
   */
  public ContentFile(FileChannel channel, boolean sparse, boolean sharesBlocks) {
    this.channel = channel;
    this.file = new WriteBehind(channel, sparse);
    this.sparse = sparse;
    this.sharesBlocks = sharesBlocks;
  }

  /**
   * Returns the bytes that were written or shared; complete after {@link #finish}. Holes and blocks
   * of zeros that were left out do not count.
   */
  public long written() {
    return file.written();
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    if (offset != end) {
      flush();
    }
    long size = bytes.byteSize();
    for (long at = 0; at < size; ) {
      long more = Math.min(size - at, WriteBehind.MOST - gatheredBytes);
      gathered.add(more == size ? bytes : bytes.asSlice(at, more));
      gatheredBytes += more;
      at += more;
      end = offset + at;
      if (gatheredBytes == WriteBehind.MOST) {
        flush();
      }
    }
  }

  @Override
  public void bytes(MemorySegment bytes, long offset, Optional<FileExtent> extent)
      throws IOException {
    if (extent.isEmpty()
        || !sharesBlocks
        || ((extent.get().position() | offset) & (WriteBehind.BLOCK - 1)) != 0) {
      bytes(bytes, offset);
      return;
    }
    flush();
    file.copy(bytes, extent.get(), offset);
    end = offset + bytes.byteSize();
  }

  @Override
  public void hole(long offset, long length) throws IOException {
    if (sparse) {
      return;
    }
    for (long at = 0; at < length; at += ZEROS.byteSize()) {
      bytes(ZEROS.asSlice(0, Math.min(ZEROS.byteSize(), length - at)), offset + at);
    }
  }

  /**
   * Writes the remaining bytes, waits for them, and gives the file its size: where the file ends in
   * zeros that were left out, its last byte is written.
   *
   * @param size of the content
   */
  public void finish(long size) throws IOException {
    flush();
    file.drain();
    if (channel.size() < size) {
      file.writeByte(size - 1);
    }
  }

  /** Stops writing, and drops the bytes that are not written yet. */
  @Override
  public void close() {
    file.close();
  }

  private void flush() throws IOException {
    if (!gathered.isEmpty()) {
      file.write(gathered, end - gatheredBytes);
      gathered = new ArrayList<>();
      gatheredBytes = 0;
    }
  }
}
