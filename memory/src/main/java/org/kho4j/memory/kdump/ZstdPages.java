package org.kho4j.memory.kdump;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.DataFormatException;
import org.kho4j.files.packed.ZstdPage;

/** zstd, each page a stream of its own. */
final class ZstdPages implements PageCodec {

  private final ZstdPage decoder;

  ZstdPages() {
    try {
      decoder = new ZstdPage();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void decode(byte[] in, int length, byte[] page) throws DataFormatException {
    int made = decoder.decode(in, length, page);
    if (made != page.length) {
      throw PageCodec.wrongLength(made, page);
    }
  }

  @Override
  public void close() {
    decoder.close();
  }
}
