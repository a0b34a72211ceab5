package org.kho4j.lab.scenario;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Run;

/**
 * The content that scenarios choose: the same words as {@code lab/guest/init.c} writes.
 *
 * @param repeat how many words in a row are the same
 */
public record WordPattern(long repeat) {

  /** By this much the state of a SplittableRandom grows with each word. */
  private static final long STEP = 0x9e3779b97f4a7c15L;

  /** Returns the pattern of a run. */
  public static WordPattern of(Run run) {
    return new WordPattern(run.repeat());
  }

  private long word(long seed, long index) {
    return new SplittableRandom(seed + (index - index % repeat) * STEP).nextLong();
  }

  /** Fills memory with a seed's words. */
  public void fill(MemorySegment memory, long seed) {
    for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
      memory.set(StructureView.U64, at, word(seed, at / Long.BYTES));
    }
  }

  /** A file's bytes, of a seed: whole words of it, as init.c writes and checks them. */
  MemfdSaver.Source source(long seed) {
    return (offset, target) -> {
      for (long at = 0; at + Long.BYTES <= target.byteSize(); at += Long.BYTES) {
        target.set(StructureView.U64, at, word(seed, (offset + at) / Long.BYTES));
      }
    };
  }

  /**
   * The first byte that is not a seed's, or -1; of the last word only when all of it is there.
   *
   * @param offset of the memory's first byte in the whole, a multiple of 8
   */
  public long mismatch(MemorySegment memory, long seed, long offset) {
    for (long at = 0; at + Long.BYTES <= memory.byteSize(); at += Long.BYTES) {
      if (memory.get(StructureView.U64, at) != word(seed, (offset + at) / Long.BYTES)) {
        return offset + at;
      }
    }
    return -1;
  }

  /** The digest of a file's content. */
  String sha256(Files.File file, int page) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    ByteBuffer bytes = ByteBuffer.allocate(page).order(ByteOrder.LITTLE_ENDIAN);
    for (long offset = 0; offset < file.bytes(); offset += page) {
      bytes.clear();
      boolean written = offset / page % file.every() == 0;
      for (int at = 0; at < page; at += Long.BYTES) {
        // init.c writes whole words only.
        boolean whole = offset + at + Long.BYTES <= file.bytes();
        bytes.putLong(written && whole ? word(file.seed(), (offset + at) / Long.BYTES) : 0);
      }
      digest.update(bytes.flip().limit((int) Math.min(page, file.bytes() - offset)));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The first byte that is not zero, or -1. */
  static long nonZero(MemorySegment memory, long offset) {
    for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
      if (memory.get(StructureView.U64, at) != 0) {
        return offset + at;
      }
    }
    return -1;
  }
}
