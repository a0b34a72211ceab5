package org.kho4j.memory.kdump;

import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.zip.DataFormatException;
import org.kho4j.files.packed.PageCodec;

/** The codecs and the input buffer of a thread. */
final class PageDecoder implements AutoCloseable {

  private final byte[] in;
  private final MemorySegment segment;
  private final Map<Compression, PageCodec> codecs = new EnumMap<>(Compression.class);

  PageDecoder(int blockSize) {
    this.in = new byte[blockSize];
    this.segment = MemorySegment.ofArray(in);
  }

  /**
   * Decompresses a page.
   *
   * @param stored at most as long as the page
   */
  void decode(Compression compression, MemorySegment stored, byte[] page)
      throws DataFormatException {
    // Checked and used in a copy: the file may be written while it is read.
    int length = (int) stored.byteSize();
    MemorySegment.copy(stored, 0, segment, 0, length);
    codecs.computeIfAbsent(compression, Compression::codec).decode(in, length, page);
  }

  @Override
  public void close() {
    codecs.values().forEach(PageCodec::close);
  }
}
