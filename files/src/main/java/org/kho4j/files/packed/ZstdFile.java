package org.kho4j.files.packed;

import static org.kho4j.files.LittleEndian.U32;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDirectBufferDecompressingStreamNoFinalizer;
import com.github.luben.zstd.ZstdIOException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/**
 * A file of zstd (RFC 8878), decompressed by zstd-jni: frames one after the other, skippable ones
 * passed over, without dictionaries. Windows have up to 2 GiB, as {@code zstd --long=31} makes
 * them.
 */
final class ZstdFile implements Decoder {

  private static final int MAGIC = 0xFD2FB528;
  private static final int SKIPPABLE = 0x184D2A50;
  private static final int SKIPPABLE_MASK = 0xFFFFFFF0;
  private static final int MAX_WINDOW_LOG = 31;

  private static final long PIECE = 1 << 17;

  /**
   * Returns whether these are the first bytes of a zstd file, which may start with a skippable
   * frame.
   */
  static boolean matches(MemorySegment bytes) {
    // A skippable frame alone is weak evidence: a raw RAM file might start like one.
    long at = 0;
    while (bytes.byteSize() - at >= 8 && isSkippable(bytes.get(U32, at))) {
      at += 8 + Integer.toUnsignedLong(bytes.get(U32, at + 4));
    }
    return bytes.byteSize() - at >= 4 && bytes.get(U32, at) == MAGIC;
  }

  private static boolean isSkippable(int magic) {
    return (magic & SKIPPABLE_MASK) == SKIPPABLE;
  }

  @Override
  public void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    ZstdLibrary.load();
    try (Arena arena = Arena.ofConfined();
        Frames frames = new Frames(in, arena.allocate(PIECE))) {
      frames.setLongMax(MAX_WINDOW_LOG);
      while (frames.hasRemaining()) {
        int made = frames.next(out.room());
        if (made == 0 && frames.isExhausted() && frames.hasRemaining()) {
          throw in.cutOff();
        }
      }
    }
  }

  /**
   * The frames of an input, which the library is given piece by piece. Pieces are copies: the file
   * may become shorter while it is read, which native code that reads a mapping does not survive.
   */
  private static final class Frames extends ZstdDirectBufferDecompressingStreamNoFinalizer {

    private final PackedInput in;
    private final MemorySegment piece;

    /** Whether zeros follow the last frame. */
    private boolean padded;

    Frames(PackedInput in, MemorySegment piece) {
      super(piece.asByteBuffer().limit(in.readInto(piece)));
      this.in = in;
      this.piece = piece;
    }

    @Override
    protected ByteBuffer refill(ByteBuffer consumed) {
      return consumed.clear().limit(in.readInto(piece));
    }

    /** Decompresses into a buffer, and returns how many bytes came out. */
    int next(ByteBuffer target) throws IOException, DataFormatException {
      try {
        return read(target);
      } catch (ZstdIOException e) {
        in.seek(in.position() - (source == null ? 0 : source.remaining()));
        if (e.getErrorCode() == Zstd.errPrefixUnknown()) {
          in.skipZeros();
          padded = in.remaining() == 0;
        }
        if (padded) {
          return 0;
        }
        throw new DataFormatException(e.getMessage());
      }
    }

    @Override
    public boolean hasRemaining() {
      return !padded && super.hasRemaining();
    }

    /** Returns whether the library has consumed all of the input. */
    boolean isExhausted() {
      return in.remaining() == 0 && (source == null || !source.hasRemaining());
    }
  }
}
