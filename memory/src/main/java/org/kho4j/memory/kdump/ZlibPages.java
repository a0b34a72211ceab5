package org.kho4j.memory.kdump;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** zlib by the JDK. */
final class ZlibPages implements PageCodec {

  private final Inflater inflater = new Inflater();

  @Override
  public void decode(byte[] in, int length, byte[] page) throws DataFormatException {
    inflater.reset();
    inflater.setInput(in, 0, length);
    int made = 0;
    while (made < page.length) {
      int more = inflater.inflate(page, made, page.length - made);
      if (more == 0) {
        throw PageCodec.wrongLength(made, page);
      }
      made += more;
    }
    // The page can be full before the checksum was read.
    if (!inflater.finished() && inflater.inflate(new byte[1], 0, 1) != 0) {
      throw PageCodec.wrongLength(page.length + 1L, page);
    }
    if (!inflater.finished()) {
      throw new DataFormatException("its zlib stream is cut off");
    }
  }

  @Override
  public void close() {
    inflater.end();
  }
}
