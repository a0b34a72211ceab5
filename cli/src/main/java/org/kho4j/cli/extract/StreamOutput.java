package org.kho4j.cli.extract;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.kho4j.handover.content.Content;

/** Writes content to a stream, zeros for its holes. */
final class StreamOutput implements Content.Visitor {

  private static final int PIECE = 1 << 16;

  private final OutputStream out;
  private final byte[] piece = new byte[PIECE];

  StreamOutput(OutputStream out) {
    this.out = out;
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    for (long at = 0; at < bytes.byteSize(); at += PIECE) {
      int length = (int) Math.min(PIECE, bytes.byteSize() - at);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, piece, 0, length);
      out.write(piece, 0, length);
    }
  }

  @Override
  public void hole(long offset, long length) throws IOException {
    Arrays.fill(piece, (byte) 0);
    for (long left = length; left > 0; left -= PIECE) {
      out.write(piece, 0, (int) Math.min(PIECE, left));
    }
  }
}
