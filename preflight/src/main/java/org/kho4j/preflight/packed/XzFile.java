package org.kho4j.preflight.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/**
 * A .xz file: streams of blocks, each LZMA2 behind at most one branch filter, as the kernel's build
 * and {@code xz} make them.
 *
 * <p>This is our own because the kernel's build packs with a dictionary of 128 MiB, which a decoder
 * that streams has to have in memory; here what came out is the dictionary.
 */
final class XzFile implements Decoder {

  private static final byte[] MAGIC = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
  private static final int FILTER_X86 = 4;
  private static final int FILTER_ARM64 = 10;
  private static final int FILTER_LZMA2 = 0x21;
  private static final int[] CHECK_SIZES = {
    0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64
  };
  private static final int PIECE = 1 << 16;

  private PackedInput in = new PackedInput(MemorySegment.NULL);

  @Override
  public String format() {
    return "xz";
  }

  @Override
  public long position() {
    return in.position();
  }

  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= MAGIC.length
        && bytes.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) == -1;
  }

  @Override
  public void decode(MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    in = new PackedInput(packed);
    do {
      stream(out);
      // Streams may follow one another, with zeros in between.
      while (in.remaining() >= 4 && in.peek32() == 0) {
        in.u32();
      }
    } while (in.remaining() > 0);
  }

  private void stream(UnpackedOutput out) throws IOException, DataFormatException {
    for (byte b : MAGIC) {
      require(in.u8() == (b & 0xff), "no xz stream where one should start");
    }
    int flags = in.u16();
    require((flags & 0xf0ff) == 0, "xz stream flags of 0x" + Integer.toHexString(flags));
    require(in.u32() == crc((byte) flags, (byte) (flags >> 8)), "a damaged xz stream header");
    int check = flags >> 8;
    long blocks = 0;
    for (int size = in.u8(); size != 0; size = in.u8()) {
      block(out, (size + 1) * 4, check);
      blocks++;
    }
    index(blocks);
    in.u32();
    in.u32();
    require(in.u16() == flags, "an xz stream whose header and footer differ");
    require(in.u16() == ('Y' | 'Z' << 8), "no footer at the end of an xz stream");
  }

  private void block(UnpackedOutput out, int headerSize, int check)
      throws IOException, DataFormatException {
    byte[] header = new byte[headerSize];
    header[0] = (byte) (headerSize / 4 - 1);
    MemorySegment.copy(in.take(headerSize - 1), JAVA_BYTE, 0, header, 1, headerSize - 1);
    int stored = X86Branches.get(header, headerSize - 4);
    require(stored == crc(Arrays.copyOf(header, headerSize - 4)), "a damaged xz block header");
    XzBlockHeader block = XzBlockHeader.read(header, headerSize - 4);
    long start = out.total();
    long packedStart = in.position();
    lzma2(out);
    require(
        block.size() < 0 || out.total() - start == block.size(),
        "an xz block of " + (out.total() - start) + " bytes, its header says " + block.size());
    while (((in.position() - packedStart) & 3) != 0) {
      require(in.u8() == 0, "an xz block that is padded with other than zeros");
    }
    BlockCheck sum = BlockCheck.of(check);
    finish(out.written(start), block.filter(), sum);
    MemorySegment expected = in.take(CHECK_SIZES[check]);
    require(
        sum == null || expected.mismatch(MemorySegment.ofArray(sum.value())) == -1,
        "an xz block whose check does not fit its content");
  }

  /** Undoes the filter in place, and sums up. */
  private static void finish(
      MemorySegment block, @Nullable BranchFilter filter, @Nullable BlockCheck sum) {
    byte[] piece = new byte[PIECE];
    long at = 0;
    while (at < block.byteSize()) {
      int length = (int) Math.min(PIECE, block.byteSize() - at);
      MemorySegment.copy(block, JAVA_BYTE, at, piece, 0, length);
      boolean last = at + length == block.byteSize();
      int done = length;
      if (filter != null) {
        int filtered = filter.undo(piece, length);
        MemorySegment.copy(piece, 0, block, JAVA_BYTE, at, filtered);
        done = last ? length : filtered;
      }
      if (sum != null) {
        sum.update(piece, done);
      }
      at += done;
    }
  }

  private void lzma2(UnpackedOutput out) throws IOException, DataFormatException {
    LzmaDecoder lzma = new LzmaDecoder();
    boolean hasDictionary = false;
    boolean hasProperties = false;
    for (int control = in.u8(); control != 0; control = in.u8()) {
      if (control >= 0xe0 || control == 1) {
        lzma.resetDictionary(out);
        hasDictionary = true;
      }
      require(hasDictionary, "an LZMA2 block whose first chunk keeps the dictionary");
      if (control < 0x80) {
        require(control <= 2, "an LZMA2 chunk of type " + control);
        int size = sizeLessOne() + 1;
        out.append(in.take(size), 0, size);
        continue;
      }
      int size = ((control & 0x1f) << 16) + sizeLessOne() + 1;
      int packed = sizeLessOne() + 1;
      if (control >= 0xc0) {
        lzma.setProperties(in.u8());
        hasProperties = true;
      }
      require(hasProperties, "an LZMA2 chunk before any properties");
      if (control >= 0xa0) {
        lzma.resetState();
      }
      require(
          !lzma.decode(in.take(packed), out, size) && lzma.isFinished(),
          "an LZMA2 chunk that does not end where it should");
    }
  }

  private int sizeLessOne() throws DataFormatException {
    return in.u8() << 8 | in.u8();
  }

  private void index(long blocks) throws DataFormatException {
    long start = in.position() - 1;
    long records = number();
    require(records == blocks, "an xz index of " + records + " blocks, there were " + blocks);
    for (long i = 0; i < records; i++) {
      number();
      number();
    }
    while (((in.position() - start) & 3) != 0) {
      require(in.u8() == 0, "an xz index that is padded with other than zeros");
    }
    in.u32();
  }

  private long number() throws DataFormatException {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      int b = in.u8();
      value |= (long) (b & 0x7f) << shift;
      if (b < 0x80) {
        return value;
      }
    }
    throw new DataFormatException("a number of more than 63 bits in an xz index");
  }

  static int crc(byte... bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  static void require(boolean holds, String otherwise) throws DataFormatException {
    if (!holds) {
      throw new DataFormatException(otherwise);
    }
  }

  /**
   * What a block's header says.
   *
   * @param size bytes that it unpacks to, or -1 where that is not told
   */
  private record XzBlockHeader(long size, @Nullable BranchFilter filter) {

    static XzBlockHeader read(byte[] header, int end) throws DataFormatException {
      int flags = header[1];
      require((flags & 0x3c) == 0, "xz block flags of 0x" + Integer.toHexString(flags & 0xff));
      int[] at = {2};
      if ((flags & 0x40) != 0) {
        number(header, at, end);
      }
      long size = (flags & 0x80) != 0 ? number(header, at, end) : -1;
      BranchFilter filter = null;
      int filters = (flags & 3) + 1;
      for (int i = 0; i < filters; i++) {
        long id = number(header, at, end);
        long properties = number(header, at, end);
        require(properties <= end - at[0], "an xz filter whose properties do not fit its header");
        boolean last = i == filters - 1;
        if (last) {
          require(
              id == FILTER_LZMA2, "an xz block that ends with filter 0x" + Long.toHexString(id));
        } else {
          require(
              i == 0 && (id == FILTER_X86 || id == FILTER_ARM64),
              "xz filter 0x" + Long.toHexString(id) + ", which is not known here");
          require(properties == 0, "an xz branch filter that starts elsewhere than at 0");
          filter = id == FILTER_X86 ? new X86Branches() : new Arm64Branches();
        }
        at[0] += (int) properties;
      }
      return new XzBlockHeader(size, filter);
    }

    private static long number(byte[] header, int[] at, int end) throws DataFormatException {
      long value = 0;
      for (int shift = 0; shift < 63 && at[0] < end; shift += 7) {
        byte b = header[at[0]++];
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
      }
      throw new DataFormatException("a number in an xz block header that does not end");
    }
  }
}
