package org.kho4j.memory.kdump;

import java.util.zip.DataFormatException;
import org.kho4j.memory.zstd.ZstdPage;

/** zstd, each page a stream of its own. */
final class ZstdPages implements PageCodec {

  private final ZstdPage decoder = new ZstdPage();

  @Override
  public void decode(byte[] in, int length, byte[] page) throws DataFormatException {
    int made = decoder.decode(in, length, page);
    if (made != page.length) {
      throw PageCodec.wrongLength(made, page);
    }
  }
}
