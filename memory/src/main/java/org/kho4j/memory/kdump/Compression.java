package org.kho4j.memory.kdump;

import org.jspecify.annotations.Nullable;

/** How a page is stored, as its descriptor's flags say. */
enum Compression {
  NONE(0),
  ZLIB(0x1),
  LZO(0x2),
  SNAPPY(0x4),
  ZSTD(0x20);

  private static final Compression[] ALL = values();

  private final int flags;

  Compression(int flags) {
    this.flags = flags;
  }

  /** The one form that these flags name, or null. */
  static @Nullable Compression of(int flags) {
    for (Compression compression : ALL) {
      if (compression.flags == flags) {
        return compression;
      }
    }
    return null;
  }

  /**
   * A codec of our own or of the JDK's, which is there at once, or one of aircompressor's native
   * ones, which are faster and take a tenth of a second to load.
   */
  PageCodec codec(boolean nativeLoaded) {
    return switch (this) {
      case NONE -> throw new IllegalStateException("nothing to decompress");
      case ZLIB ->
          nativeLoaded && NativeCodecs.hasDeflate() ? NativeCodecs.zlib() : new ZlibPages();
      case LZO -> new LzoPages();
      case SNAPPY ->
          nativeLoaded && NativeCodecs.hasSnappy() ? NativeCodecs.snappy() : new SnappyPages();
      case ZSTD -> nativeLoaded && NativeCodecs.hasZstd() ? NativeCodecs.zstd() : new ZstdPages();
    };
  }
}
