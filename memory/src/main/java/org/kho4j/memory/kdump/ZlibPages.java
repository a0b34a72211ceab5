package org.kho4j.memory.kdump;

import java.util.zip.Adler32;
import java.util.zip.DataFormatException;

/**
 * zlib (RFC 1950): two bytes of header, a deflate stream, an Adler-32 of what it decompresses to.
 */
final class ZlibPages implements PageCodec {

  private static final int HEADER = 2;
  private static final int ADLER = 4;

  private final Inflate inflate = new Inflate();
  private final Adler32 adler = new Adler32();

  @Override
  public void decode(byte[] in, int length, byte[] page) throws DataFormatException {
    if (length < HEADER + ADLER) {
      throw new DataFormatException("its zlib stream is cut off");
    }
    int header = (in[0] & 0xff) << 8 | (in[1] & 0xff);
    if ((header & 0x0f20) != 0x0800 || header % 31 != 0) {
      throw new DataFormatException("0x" + Integer.toHexString(header) + " is no zlib header");
    }
    int made = inflate.decode(in, HEADER, length - ADLER, page);
    int after = inflate.position();
    if (after != length - ADLER) {
      throw new DataFormatException(
          "its deflate stream ends " + (length - ADLER - after) + " bytes early");
    }
    if (made != page.length) {
      throw PageCodec.wrongLength(made, page);
    }
    adler.reset();
    adler.update(page);
    int stored = 0;
    for (int i = after; i < length; i++) {
      stored = stored << 8 | (in[i] & 0xff);
    }
    if (stored != (int) adler.getValue()) {
      throw new DataFormatException(
          "its zlib checksum is 0x"
              + Long.toHexString(adler.getValue())
              + ", stored is 0x"
              + Integer.toHexString(stored));
    }
  }
}
