package org.kho4j.files.packed;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.DataFormatException;

/** Decompresses single pages, each a zstd stream of its own. */
final class ZstdPage implements PageCodec {

  private final ZstdDecompressCtx context;

  /**
   * A decoder.
   *
   * @throws UncheckedIOException if zstd's native library cannot be loaded
   */
  ZstdPage() {
    try {
      ZstdLibrary.load();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    context = new ZstdDecompressCtx();
  }

  @Override
  public int decompress(byte[] in, int length, byte[] page) throws DataFormatException {
    try {
      return context.decompressByteArray(page, 0, page.length, in, 0, length);
    } catch (ZstdException e) {
      throw new DataFormatException("zstd: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    context.close();
  }
}
