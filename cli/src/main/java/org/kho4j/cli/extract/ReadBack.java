package org.kho4j.cli.extract;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.content.Content;

/** Compares a file that was written with the content that it was written from. */
final class ReadBack implements Content.Visitor {

  private static final int PIECE = 1 << 20;

  private final Path name;
  private final FileChannel file;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
  private final MemorySegment read = MemorySegment.ofBuffer(buffer);
  private final MemorySegment zeros = MemorySegment.ofArray(new byte[PIECE]);

  ReadBack(Path name, FileChannel file) {
    this.name = name;
    this.file = file;
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    for (long at = 0; at < bytes.byteSize(); at += PIECE) {
      compare(bytes.asSlice(at, Math.min(PIECE, bytes.byteSize() - at)), offset + at);
    }
  }

  @Override
  public void hole(long offset, long length) throws IOException {
    for (long at = 0; at < length; at += PIECE) {
      compare(zeros.asSlice(0, Math.min(PIECE, length - at)), offset + at);
    }
  }

  private void compare(MemorySegment expected, long offset) throws IOException {
    buffer.clear().limit((int) expected.byteSize());
    while (buffer.hasRemaining()) {
      if (file.read(buffer, offset + buffer.position()) < 0) {
        throw differs(offset + buffer.position());
      }
    }
    long difference = read.asSlice(0, expected.byteSize()).mismatch(expected);
    if (difference >= 0) {
      throw differs(offset + difference);
    }
  }

  private IOException differs(long offset) {
    return OutputFile.failure(
        name, "what was written at offset " + Units.address(offset) + " reads back differently");
  }
}
