package org.kho4j.preflight.packed;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/** A .lzma file: properties, size of the dictionary, size of the content or -1, one stream. */
final class LzmaFile implements Decoder {

  private long position;

  @Override
  public String format() {
    return "lzma";
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void decode(MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    PackedInput in = new PackedInput(packed);
    LzmaDecoder lzma = new LzmaDecoder();
    lzma.setProperties(in.u8());
    in.u32();
    long size = Integer.toUnsignedLong(in.u32()) | (long) in.u32() << 32;
    if (size < -1) {
      throw new DataFormatException("an lzma header with a size of " + Long.toUnsignedString(size));
    }
    lzma.resetState();
    lzma.resetDictionary(out);
    long start = in.position();
    try {
      boolean ended = lzma.decode(in.take(in.remaining()), out, size);
      if (ended && size >= 0) {
        throw new DataFormatException("an lzma stream that ends before its " + size + " bytes");
      }
    } finally {
      position = start + lzma.position();
    }
  }
}
