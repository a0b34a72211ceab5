package org.kho4j.cli.diff;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.kho4j.handover.Content;

/**
 * A SHA-256 by which content is compared: of every page of 4 KiB that is not all zeros, its offset
 * and its bytes. So a hole is the same as zeros, and takes no time, however large.
 */
final class ContentDigest implements Content.Visitor {

  private static final int PAGE = 4096;
  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PAGE]).asReadOnly();

  private final MessageDigest digest;
  private final ByteBuffer place = ByteBuffer.allocate(Long.BYTES);

  private ContentDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /**
   * The digest of some content.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it cannot be read
   */
  static String of(Content content) {
    ContentDigest digest = new ContentDigest();
    try {
      content.read(digest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return HexFormat.of().formatHex(digest.digest.digest());
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) {
    long size = bytes.byteSize();
    for (long at = 0; at < size; at += PAGE) {
      long length = Math.min(PAGE, size - at);
      if (MemorySegment.mismatch(bytes, at, at + length, ZEROS, 0, length) >= 0) {
        digest.update(place.putLong(0, offset + at).array());
        digest.update(bytes.asSlice(at, length).asByteBuffer());
      }
    }
  }

  @Override
  public void hole(long offset, long length) {}
}
