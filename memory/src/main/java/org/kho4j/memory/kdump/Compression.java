package org.kho4j.memory.kdump;

import org.jspecify.annotations.Nullable;
import org.kho4j.files.packed.PageCodec;
import org.kho4j.files.packed.SnappyPage;

/** The compression of a page, by its descriptor's flags. */
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

  /** Returns the one compression that these flags name, or null. */
  static @Nullable Compression of(int flags) {
    for (Compression compression : ALL) {
      if (compression.flags == flags) {
        return compression;
      }
    }
    return null;
  }

  /**
   * Creates a codec, for one thread. LZO and snappy have decoders of this project: no permissive
   * library decodes them without {@code sun.misc.Unsafe} or native code.
   */
  PageCodec codec() {
    return switch (this) {
      case NONE -> throw new IllegalStateException("nothing to decompress");
      case ZLIB -> new ZlibPages();
      case LZO -> Lzo1x.codec();
      case SNAPPY -> new SnappyPage();
      case ZSTD -> PageCodec.zstd();
    };
  }
}
