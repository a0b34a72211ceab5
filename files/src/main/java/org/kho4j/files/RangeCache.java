package org.kho4j.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The blocks of a {@link RangeReader} that were read last. Safe to use from several threads, which
 * take turns.
 */
final class RangeCache implements AutoCloseable {

  /** Bytes of one read: large beside the time of a round trip. */
  static final int BLOCK = 1 << 20;

  /** Most blocks in memory. */
  static final int BLOCKS = 32;

  private final RangeReader reader;
  private final long size;
  private final Map<Long, byte[]> blocks = new LinkedHashMap<>(2 * BLOCKS, 0.75f, true);
  private long readBytes;

  RangeCache(RangeReader reader) {
    this.reader = reader;
    this.size = reader.size();
  }

  long size() {
    return size;
  }

  synchronized long readBytes() {
    return readBytes;
  }

  /** Returns the bytes from an offset on, read-only; a copy where they are in several blocks. */
  synchronized MemorySegment slice(long offset, long length) {
    if (offset < 0 || length < 0 || offset > size - length) {
      throw new IndexOutOfBoundsException(
          "%d bytes from offset %d on of %d".formatted(length, offset, size));
    }
    long first = offset / BLOCK;
    if (length == 0 || (offset + length - 1) / BLOCK == first) {
      MemorySegment block = MemorySegment.ofArray(length == 0 ? new byte[0] : block(first));
      return block.asSlice(length == 0 ? 0 : offset % BLOCK, length).asReadOnly();
    }
    byte[] copy = new byte[Math.toIntExact(length)];
    for (int done = 0; done < copy.length; ) {
      long at = offset + done;
      byte[] block = block(at / BLOCK);
      int from = (int) (at % BLOCK);
      int part = Math.min(block.length - from, copy.length - done);
      System.arraycopy(block, from, copy, done, part);
      done += part;
    }
    return MemorySegment.ofArray(copy).asReadOnly();
  }

  private byte[] block(long number) {
    byte[] known = blocks.get(number);
    if (known != null) {
      return known;
    }
    long offset = number * BLOCK;
    byte[] block = new byte[(int) Math.min(BLOCK, size - offset)];
    try {
      reader.read(offset, block);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    readBytes += block.length;
    if (blocks.size() == BLOCKS) {
      blocks.remove(blocks.keySet().iterator().next());
    }
    blocks.put(number, block);
    return block;
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
