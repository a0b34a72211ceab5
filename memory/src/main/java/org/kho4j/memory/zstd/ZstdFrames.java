package org.kho4j.memory.zstd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/**
 * Decompresses zstd (RFC 8878): frames one after the other, skippable ones passed over, without
 * dictionaries. A frame's window is not bounded, since matches are copied from the output itself.
 *
 * <p>This is our own, and plain Java on byte arrays, because a short-lived command has to read a
 * dump before the native library could be unpacked and linked, which takes longer.
 */
public final class ZstdFrames implements Decoder {

  /** Bytes that a frame is known by. */
  public static final int MAGIC_BYTES = 4;

  private static final int MAGIC = 0xFD2FB528;
  private static final int SKIPPABLE = 0x184D2A50;
  private static final int SKIPPABLE_MASK = 0xFFFFFFF0;

  private static final int RAW = 0;
  private static final int REPEATED = 1;
  private static final int COMPRESSED = 2;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BlockDecoder blocks = new BlockDecoder();
  private final XxHash64 hash = new XxHash64();
  private final byte[] block = new byte[BlockDecoder.MAX_BLOCK + LittleEndian.SLACK];
  private final MemorySegment blockSegment = MemorySegment.ofArray(block);

  private MemorySegment in = MemorySegment.NULL;
  private long at;

  /** Whether these are the first bytes of a zstd file, which may start with a skippable frame. */
  public static boolean matches(MemorySegment bytes) {
    if (bytes.byteSize() < MAGIC_BYTES) {
      return false;
    }
    int magic = bytes.get(U32, 0);
    return magic == MAGIC || (isSkippable(magic) && isFrameAfter(bytes));
  }

  private static boolean isSkippable(int magic) {
    return (magic & SKIPPABLE_MASK) == SKIPPABLE;
  }

  /** A skippable frame alone says little, a raw RAM file might start like one. */
  private static boolean isFrameAfter(MemorySegment bytes) {
    long at = 0;
    while (bytes.byteSize() - at >= 8 && isSkippable(bytes.get(U32, at))) {
      at += 8 + Integer.toUnsignedLong(bytes.get(U32, at + 4));
    }
    return bytes.byteSize() - at >= 4 && bytes.get(U32, at) == MAGIC;
  }

  @Override
  public String format() {
    return "zstd";
  }

  @Override
  public long position() {
    return at;
  }

  @Override
  public void decode(MemorySegment input, UnpackedOutput out)
      throws IOException, DataFormatException {
    in = input;
    at = 0;
    try {
      while (at < in.byteSize()) {
        int magic = in.get(U32, need(4));
        if (isSkippable(magic)) {
          need(8);
          long size = Integer.toUnsignedLong(in.get(U32, at + 4));
          need(8 + size);
          at += 8 + size;
        } else if (magic == MAGIC) {
          at += 4;
          decodeFrame(out);
        } else {
          throw new DataFormatException(
              "0x" + Integer.toHexString(magic) + " where a zstd frame should start");
        }
      }
    } finally {
      in = MemorySegment.NULL;
    }
  }

  private void decodeFrame(UnpackedOutput out) throws IOException, DataFormatException {
    int descriptor = in.get(JAVA_BYTE, need(1));
    at++;
    boolean oneSegment = (descriptor & 0x20) != 0;
    boolean checked = (descriptor & 4) != 0;
    if ((descriptor & 8) != 0) {
      throw new DataFormatException("a frame header with its reserved bit set");
    }
    if (!oneSegment) {
      // The window: how far back matches reach at most. All of the output is at hand.
      need(1);
      at++;
    }
    int dictionary = descriptor & 3;
    if (number(dictionary == 3 ? 4 : dictionary) != 0) {
      throw new DataFormatException("a frame that needs a dictionary");
    }
    long size = contentSize(descriptor >> 6 & 3, oneSegment);

    long start = out.total();
    blocks.startFrame();
    hash.reset();
    boolean last;
    do {
      last = decodeBlock(out, start, checked);
    } while (!last);

    long made = out.total() - start;
    if (size != -1 && made != size) {
      throw new DataFormatException("a frame of " + made + " bytes, its header says " + size);
    }
    if (checked) {
      int stored = in.get(U32, need(4));
      if (stored != (int) hash.digest()) {
        throw new DataFormatException(
            "a checksum of 0x"
                + Integer.toHexString((int) hash.digest())
                + ", the frame has 0x"
                + Integer.toHexString(stored));
      }
      at += 4;
    }
  }

  private long contentSize(int form, boolean oneSegment) throws DataFormatException {
    return switch (form) {
      case 0 -> oneSegment ? number(1) : -1;
      case 1 -> number(2) + 256;
      case 2 -> number(4);
      default -> number(8);
    };
  }

  private long number(int bytes) throws DataFormatException {
    need(bytes);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (in.get(JAVA_BYTE, at + i) & 0xff);
    }
    at += bytes;
    return value;
  }

  private boolean decodeBlock(UnpackedOutput out, long frameStart, boolean checked)
      throws IOException, DataFormatException {
    need(3);
    int header =
        (in.get(JAVA_BYTE, at) & 0xff)
            | (in.get(JAVA_BYTE, at + 1) & 0xff) << 8
            | (in.get(JAVA_BYTE, at + 2) & 0xff) << 16;
    int type = header >> 1 & 3;
    int size = header >> 3;
    if (size > BlockDecoder.MAX_BLOCK) {
      throw new DataFormatException(
          "a block of " + size + " bytes, " + BlockDecoder.MAX_BLOCK + " are the most");
    }
    int stored = type == REPEATED ? 1 : size;
    need(3 + stored);
    long data = at + 3;
    byte repeated = type == REPEATED ? in.get(JAVA_BYTE, data) : 0;
    if (type == REPEATED && repeated == 0) {
      out.zeros(size);
      if (checked) {
        hash.zeros(size);
      }
    } else {
      out.reserve(BlockDecoder.MAX_BLOCK);
      int before = out.used;
      switch (type) {
        case RAW -> {
          MemorySegment.copy(in, data, out.segment, before, size);
          out.used += size;
        }
        case REPEATED -> {
          Arrays.fill(out.buffer, before, before + size, repeated);
          out.used += size;
        }
        case COMPRESSED -> {
          MemorySegment.copy(in, data, blockSegment, 0, size);
          blocks.decode(block, size, out, frameStart);
        }
        default -> throw new DataFormatException("a block of the reserved type 3");
      }
      if (checked) {
        hash.update(out.buffer, before, out.used - before);
      }
    }
    at = data + stored;
    return (header & 1) != 0;
  }

  private long need(long bytes) throws DataFormatException {
    if (bytes > in.byteSize() - at) {
      throw new DataFormatException(
          "the input ends in the middle, after " + in.byteSize() + " bytes");
    }
    return at;
  }
}
