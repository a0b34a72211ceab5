package org.kho4j.memory.kdump;

import java.util.zip.DataFormatException;

/** LZO: the native library is GPL, aircompressor's decoder is on what later JDKs refuse. */
final class LzoPages implements PageCodec {

  @Override
  public void decode(byte[] in, int length, byte[] page) throws DataFormatException {
    int made = Lzo1x.decode(in, length, page);
    if (made != page.length) {
      throw PageCodec.wrongLength(made, page);
    }
  }
}
