package org.kho4j.files.packed;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.zip.DataFormatException;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.XZInputStream;

/** Files of xz and of its older form lzma, decompressed by org.tukaani:xz. */
final class XzFile implements Decoder {

  /**
   * The largest dictionary that the kernel's build packs with (scripts/xz_wrap.sh). The decoder
   * holds the dictionary in the heap.
   */
  private static final int MAX_DICTIONARY_MIB = 128;

  private static final int MEMORY_LIMIT_KIB = (MAX_DICTIONARY_MIB + 1) << 10;
  private static final int PIECE = 1 << 16;

  private final boolean lzma;

  /**
   * A decoder.
   *
   * @param lzma whether the file has the older form
   */
  XzFile(boolean lzma) {
    this.lzma = lzma;
  }

  @Override
  public void decode(PackedInput in, SparseOutput out) throws IOException, DataFormatException {
    if (lzma) {
      copy(in, out, () -> new LZMAInputStream(in, MEMORY_LIMIT_KIB));
      in.requireZerosToTheEnd("lzma stream");
      return;
    }
    byte[] start = XzDictionary.start(in.bytes());
    in.seek(start.length);
    InputStream packed = new SequenceInputStream(new ByteArrayInputStream(start), in);
    copy(in, out, () -> new XZInputStream(packed, MEMORY_LIMIT_KIB));
  }

  @FunctionalInterface
  private interface Opening {
    InputStream open() throws IOException;
  }

  private static void copy(PackedInput in, SparseOutput out, Opening opening)
      throws IOException, DataFormatException {
    byte[] piece = new byte[PIECE];
    InputStream stream = null;
    while (true) {
      int length;
      try {
        stream = stream == null ? opening.open() : stream;
        length = stream.read(piece);
      } catch (MemoryLimitException e) {
        throw new DataFormatException(
            "a dictionary of more than %d MiB, which takes %d MiB of memory"
                .formatted(MAX_DICTIONARY_MIB, e.getMemoryNeeded() >> 10));
      } catch (EOFException e) {
        throw in.cutOff();
      } catch (IOException e) {
        throw new DataFormatException(e.getMessage());
      }
      if (length < 0) {
        return;
      }
      out.write(piece, 0, length);
    }
  }
}
