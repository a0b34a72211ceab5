package org.kho4j.files.packed;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.util.zip.DataFormatException;

/** Decompresses single pages, each a zstd stream of its own. Used by one thread at a time. */
public final class ZstdPage implements AutoCloseable {

  private final ZstdDecompressCtx context;

  /**
   * A decoder.
   *
   * @throws IOException if zstd's native library cannot be loaded
   */
  public ZstdPage() throws IOException {
    ZstdLibrary.load();
    context = new ZstdDecompressCtx();
  }

  /**
   * Decompresses a page.
   *
   * @param in its first {@code length} bytes are compressed
   * @param page takes the result
   * @return bytes that came out, at most what fits into {@code page}
   * @throws DataFormatException if the input is not zstd, damaged, cut off, or does not fit
   */
  public int decode(byte[] in, int length, byte[] page) throws DataFormatException {
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
