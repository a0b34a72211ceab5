package org.kho4j.memory.kdump;

import io.airlift.compress.v3.Decompressor;
import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.deflate.DeflateNativeDecompressor;
import io.airlift.compress.v3.snappy.SnappyNativeDecompressor;
import io.airlift.compress.v3.zstd.ZstdNativeDecompressor;
import java.util.zip.Adler32;
import java.util.zip.DataFormatException;

/**
 * The native codecs that aircompressor brings. The first use of each unpacks and links its library.
 */
final class NativeCodecs {

  private static final int ZLIB_HEADER = 2;
  private static final int ADLER = 4;

  private NativeCodecs() {}

  /** Makes all that there are for this machine ready, and tells whether there are any. */
  static boolean load() {
    boolean deflate = hasDeflate();
    boolean snappy = hasSnappy();
    boolean zstd = hasZstd();
    return deflate || snappy || zstd;
  }

  static boolean hasDeflate() {
    return DeflateNativeDecompressor.isEnabled();
  }

  static boolean hasSnappy() {
    return SnappyNativeDecompressor.isEnabled();
  }

  static boolean hasZstd() {
    return ZstdNativeDecompressor.isEnabled();
  }

  /** libdeflate knows the deflate stream; what zlib wraps around it is checked here. */
  static PageCodec zlib() {
    Decompressor deflate = new DeflateNativeDecompressor();
    Adler32 adler = new Adler32();
    return (in, length, page) -> {
      if (length < ZLIB_HEADER + ADLER) {
        throw new DataFormatException("its zlib stream is cut off");
      }
      int header = (in[0] & 0xff) << 8 | (in[1] & 0xff);
      if ((header & 0x0f20) != 0x0800 || header % 31 != 0) {
        throw new DataFormatException("0x" + Integer.toHexString(header) + " is no zlib header");
      }
      decode(deflate, in, ZLIB_HEADER, length - ZLIB_HEADER - ADLER, page);
      adler.reset();
      adler.update(page);
      int stored = 0;
      for (int i = length - ADLER; i < length; i++) {
        stored = stored << 8 | (in[i] & 0xff);
      }
      if (stored != (int) adler.getValue()) {
        throw new DataFormatException(
            "its zlib checksum is 0x"
                + Long.toHexString(adler.getValue())
                + ", stored is 0x"
                + Integer.toHexString(stored));
      }
    };
  }

  static PageCodec snappy() {
    Decompressor snappy = new SnappyNativeDecompressor();
    return (in, length, page) -> decode(snappy, in, 0, length, page);
  }

  static PageCodec zstd() {
    Decompressor zstd = new ZstdNativeDecompressor();
    return (in, length, page) -> decode(zstd, in, 0, length, page);
  }

  private static void decode(Decompressor codec, byte[] in, int from, int length, byte[] page)
      throws DataFormatException {
    int made;
    try {
      made = codec.decompress(in, from, length, page, 0, page.length);
    } catch (MalformedInputException | IllegalArgumentException e) {
      throw new DataFormatException(e.getMessage());
    }
    if (made != page.length) {
      throw PageCodec.wrongLength(made, page);
    }
  }
}
