package org.kho4j.memory.kdump;

import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.zip.DataFormatException;

/** One thread's codecs and input buffer. */
final class PageDecoder implements AutoCloseable {

  /** Bytes beyond the input that our zstd decoder may look at. */
  private static final int SLACK = 16;

  private final boolean nativeLoaded;
  private final byte[] in;
  private final MemorySegment segment;
  private final Map<Compression, PageCodec> codecs = new EnumMap<>(Compression.class);

  PageDecoder(int blockSize, boolean nativeLoaded) {
    this.nativeLoaded = nativeLoaded;
    this.in = new byte[blockSize + SLACK];
    this.segment = MemorySegment.ofArray(in);
  }

  boolean nativeLoaded() {
    return nativeLoaded;
  }

  /**
   * Decompresses a page.
   *
   * @param stored at most as long as the page
   */
  void decode(Compression compression, MemorySegment stored, byte[] page)
      throws DataFormatException {
    // A copy of what is checked and used: the file may be written while it is read.
    int length = (int) stored.byteSize();
    MemorySegment.copy(stored, 0, segment, 0, length);
    codecs.computeIfAbsent(compression, c -> c.codec(nativeLoaded)).decode(in, length, page);
  }

  @Override
  public void close() {
    codecs.values().forEach(PageCodec::close);
  }
}
