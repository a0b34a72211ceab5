package org.kho4j.preflight.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.zstd.ZstdFrames;

/** Tells by the first bytes how something is packed. */
public final class Packing {

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes of the header of .lzma. */
  private static final int LZMA_HEADER = 13;

  private Packing() {}

  /** What unpacks it, if it is packed in a way that is known here. */
  public static Optional<Decoder> of(MemorySegment bytes) {
    if (bytes.byteSize() < 4) {
      return Optional.empty();
    }
    int magic = bytes.get(U32, 0);
    Decoder decoder = null;
    if (GzipFile.matches(magic)) {
      decoder = new GzipFile();
    } else if (XzFile.matches(bytes)) {
      decoder = new XzFile();
    } else if (ZstdFrames.matches(bytes.asSlice(0, ZstdFrames.MAGIC_BYTES))) {
      decoder = new ZstdFrames();
    } else if (magic == Lz4File.MAGIC) {
      decoder = new Lz4File();
    } else if (LzopFile.matches(bytes)) {
      decoder = new LzopFile();
    } else if (Bzip2File.matches(magic)) {
      decoder = new Bzip2File();
    } else if (isLzma(bytes)) {
      decoder = new LzmaFile();
    }
    return Optional.ofNullable(decoder);
  }

  /**
   * .lzma has no magic number: the usual properties, and a dictionary whose size is a power of two
   * and at least 4 KiB, tell it.
   */
  private static boolean isLzma(MemorySegment bytes) {
    if (bytes.byteSize() < LZMA_HEADER || bytes.get(JAVA_BYTE, 0) != 0x5d) {
      return false;
    }
    int dictionary = bytes.get(U32, 1);
    return dictionary >= 4096 && Integer.bitCount(dictionary) == 1;
  }
}
