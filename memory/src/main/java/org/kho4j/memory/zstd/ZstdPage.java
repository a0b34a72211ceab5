package org.kho4j.memory.zstd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.UnpackedOutput;

/** Decompresses single pages, each a zstd stream of its own. Used by one thread at a time. */
public final class ZstdPage {

  private final ZstdFrames frames = new ZstdFrames();
  private final Output output = new Output();

  /**
   * Decompresses a page.
   *
   * @param in its first {@code length} bytes are compressed
   * @param page takes the result; at most 64 KiB
   * @return bytes that came out, at most what fits into {@code page}
   * @throws DataFormatException if it is not zstd, damaged, cut off, or does not fit
   */
  public int decode(byte[] in, int length, byte[] page) throws DataFormatException {
    output.used = 0;
    output.limit = page.length;
    try {
      frames.decode(MemorySegment.ofArray(in).asSlice(0, length), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    output.checkLimit(0);
    System.arraycopy(output.buffer, 0, page, 0, output.used);
    return output.used;
  }

  /** Has room for one block beyond a page, so that blocks need not ask in between. */
  private static final class Output extends UnpackedOutput {

    private int limit;

    Output() {
      super(new byte[(64 << 10) + BlockDecoder.MAX_BLOCK]);
    }

    void checkLimit(int more) throws DataFormatException {
      if (used + more > limit) {
        throw new DataFormatException("it decompresses to more than " + limit + " bytes");
      }
    }

    @Override
    public void reserve(int length) throws DataFormatException {
      checkLimit(0);
    }

    @Override
    public void zeros(int length) throws DataFormatException {
      checkLimit(length);
      Arrays.fill(buffer, used, used + length, (byte) 0);
      used += length;
    }

    @Override
    public void copyEarlier(long position, int length, int at) {
      throw new AssertionError("a page has nothing before its buffer");
    }

    @Override
    public MemorySegment written(long from) {
      throw new AssertionError("a page is not filtered");
    }
  }
}
