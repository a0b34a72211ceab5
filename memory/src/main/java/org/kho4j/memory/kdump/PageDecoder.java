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
   * Decompresses a page, or its beginning.
   *
   * @param stored at most as long as the page
   * @param bytes filled: as long as the page, or shorter
   */
  void decode(Compression compression, MemorySegment stored, byte[] bytes)
      throws DataFormatException {
    // Checked and used in a copy: the file may be written while it is read.
    int length = (int) stored.byteSize();
    MemorySegment.copy(stored, 0, segment, 0, length);
    PageCodec codec = codecs.computeIfAbsent(compression, Compression::codec);
    if (bytes.length == in.length) {
      codec.decode(in, length, bytes);
    } else {
      codec.decodeBeginning(in, length, in.length, bytes);
    }
  }

  @Override
  public void close() {
    codecs.values().forEach(PageCodec::close);
  }
}
