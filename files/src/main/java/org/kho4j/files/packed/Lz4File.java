package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.packed.PackedInput.require;

import java.io.IOException;
import java.util.zip.DataFormatException;

/**
 * A file of lz4: frames, as {@code lz4} writes them, and the legacy format of {@code lz4 -l} and of
 * the kernel's build. Frames of both may follow one another.
 *
 * <pre>
 * legacy   u32 magic, then blocks of 8 MiB at most: u32 packed size, the block
 * frame    u32 magic, u8 flags, u8 block size, u64 content size and u32 dictionary where the flags
 *          have them, u8 checksum; then blocks: u32 packed size (bit 31: stored), the block, u32
 *          checksum where the flags have it; u32 0, u32 checksum where the flags have it
 * </pre>
 */
final class Lz4File implements Decoder {

  private static final int LEGACY = 0x184c2102;
  private static final int FRAME = 0x184d2204;
  private static final int SKIPPABLE = 0x184d2a50;
  private static final int SKIPPABLE_MASK = 0xfffffff0;

  private static final int LEGACY_BLOCK = 8 << 20;
  private static final int MAX_LEGACY_PACKED = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;

  private static final int INDEPENDENT = 0x20;
  private static final int BLOCK_CHECKSUM = 0x10;
  private static final int CONTENT_SIZE = 0x08;
  private static final int CONTENT_CHECKSUM = 0x04;
  private static final int RESERVED = 0x02;
  private static final int DICTIONARY = 0x01;
  private static final int STORED = 0x80000000;

  static boolean matches(int magic) {
    return magic == LEGACY || magic == FRAME;
  }

  @Override
  public void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    do {
      int magic = in.u32();
      if (magic == LEGACY) {
        legacy(in, out);
      } else if (magic == FRAME) {
        frame(in, out);
      } else {
        require((magic & SKIPPABLE_MASK) == SKIPPABLE, "no lz4 frame where one should start");
        in.take(Integer.toUnsignedLong(in.u32()));
      }
    } while (in.peek32() != 0);
    in.requireZerosToTheEnd("last lz4 frame");
  }

  /** A frame of the legacy format ends with the file, or before zeros or the next frame. */
  private static void legacy(PackedInput in, SparseOutput out)
      throws IOException, DataFormatException {
    Lz4Block block = new Lz4Block(LEGACY_BLOCK);
    while (in.peek32() != 0 && !matches(in.peek32())) {
      int size = in.u32();
      require(
          size > 0 && size <= MAX_LEGACY_PACKED,
          "an lz4 block of %s bytes: %d are the most"
              .formatted(Integer.toUnsignedString(size), MAX_LEGACY_PACKED));
      block.decode(in.take(size).toArray(JAVA_BYTE));
      block.writeTo(out);
    }
  }

  private static void frame(PackedInput in, SparseOutput out)
      throws IOException, DataFormatException {
    long begin = in.position();
    int flags = in.u8();
    require(flags >>> 6 == 1, "an lz4 frame of version " + (flags >>> 6) + ": 1 is read");
    require((flags & DICTIONARY) == 0, "an lz4 frame that needs a dictionary");
    int sizes = in.u8();
    require(
        (flags & RESERVED) == 0 && (sizes & 0x8f) == 0 && sizes >>> 4 >= 4,
        "an lz4 frame with flags 0x%02x 0x%02x".formatted(flags, sizes));
    int most = 1 << (2 * (sizes >>> 4) + 8);
    long expected = (flags & CONTENT_SIZE) == 0 ? -1 : in.u64();
    int length = (int) (in.position() - begin);
    in.seek(begin);
    int checksum = XxHash32.of(in.take(length).toArray(JAVA_BYTE)) & 0xff00;
    require(in.u8() == checksum >>> 8, "an lz4 frame whose header does not fit its checksum");
    long before = out.total();
    blocks(in, out, flags, most);
    require(
        expected < 0 || out.total() - before == expected,
        "an lz4 frame whose length does not fit its content");
  }

  private static void blocks(PackedInput in, SparseOutput out, int flags, int most)
      throws IOException, DataFormatException {
    Lz4Block block = new Lz4Block(most);
    XxHash32 content = new XxHash32();
    for (int size = in.u32(); size != 0; size = in.u32()) {
      int length = size & ~STORED;
      require(length <= most, "an lz4 block of " + length + " bytes: " + most + " are the most");
      byte[] bytes = in.take(length).toArray(JAVA_BYTE);
      if ((size & STORED) != 0) {
        block.store(bytes);
      } else if ((flags & INDEPENDENT) != 0) {
        block.decode(bytes);
      } else {
        block.decodeBehind(bytes);
      }
      if ((flags & BLOCK_CHECKSUM) != 0) {
        require(in.u32() == XxHash32.of(bytes), "an lz4 block that does not fit its checksum");
      }
      if ((flags & CONTENT_CHECKSUM) != 0) {
        block.addTo(content);
      }
      block.writeTo(out);
    }
    if ((flags & CONTENT_CHECKSUM) != 0) {
      require(in.u32() == content.value(), "lz4 whose checksum does not fit its content");
    }
  }
}
