package org.kho4j.cli.extract;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.content.Content;

/** The SHA-256 of content, its holes as zeros: what {@code sha256sum} says of the file. */
public final class Sha256 implements Content.Visitor {

  /**
   * Most bytes of holes of a handover that are hashed: a hole can be larger than memory, and its
   * zeros take as long as other bytes, some seconds for so many.
   */
  public static final long MOST_HOLES = 4L << 30;

  private static final int PIECE = 1 << 16;

  /**
   * Returns the sentence about content that is not hashed.
   *
   * @param hashed bytes of holes of the handover that were hashed before
   */
  public static String tooManyHoles(long holes, long hashed) {
    String sentence =
        "%s of it are holes, and at most %s of holes of a handover are hashed"
            .formatted(Units.size(holes), Units.size(MOST_HOLES));
    return hashed == 0 ? sentence : sentence + ", of which %s were".formatted(Units.size(hashed));
  }

  private final MessageDigest digest;

  public Sha256() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /**
   * The digest of some content.
   *
   * @throws org.kho4j.handover.HandoverException if it cannot be read
   */
  public static String of(Content content) {
    Sha256 digest = new Sha256();
    try {
      content.read(digest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return digest.hex();
  }

  /** Takes bytes. */
  public void update(byte[] bytes) {
    digest.update(bytes);
  }

  /** Takes all that is left of a stream. */
  public void update(InputStream in) throws IOException {
    in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) {
    digest.update(bytes.asByteBuffer());
  }

  @Override
  public void hole(long offset, long length) {
    byte[] zeros = new byte[(int) Math.min(PIECE, length)];
    for (long left = length; left > 0; left -= zeros.length) {
      digest.update(zeros, 0, (int) Math.min(zeros.length, left));
    }
  }

  /** The digest in hexadecimal; afterwards it begins anew. */
  public String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
