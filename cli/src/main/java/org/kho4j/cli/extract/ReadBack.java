package org.kho4j.cli.extract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Units;
import org.kho4j.files.MappedFile;
import org.kho4j.handover.content.Content;

/**
 * Compares a file that was written with the content that it was written from. Holes of the file
 * read as zeros, and are not read.
 */
final class ReadBack implements Content.Visitor {

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[1 << 16]).asReadOnly();

  /** Most bytes that content comes in at once. */
  private static final int MOST = 1 << 20;

  private final Path name;
  private final MappedFile file;

  /** Reads what a mapping would allocate in tmpfs: pages that were left out. */
  private final FileChannel channel;

  private final ByteBuffer buffer = ByteBuffer.allocateDirect(MOST);

  /**
   * A comparison.
   *
   * @param name of the file, for messages
   * @param file what was written, of at least a byte
   */
  ReadBack(Path name, MappedFile file) {
    this.name = name;
    this.file = file;
    this.channel = file.channel().orElseThrow();
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    compare(bytes, offset, bytes.byteSize());
  }

  @Override
  public void hole(long offset, long length) throws IOException {
    requireWritten(offset, length);
    try {
      file.forEachData(offset, length, this::compareWithZeros);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void compareWithZeros(long offset, long length) {
    try {
      for (long at = 0; at < length; at += ZEROS.byteSize()) {
        compare(ZEROS, offset + at, Math.min(ZEROS.byteSize(), length - at));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void compare(MemorySegment expected, long offset, long length) throws IOException {
    requireWritten(offset, length);
    buffer.clear().limit((int) length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, offset + buffer.position()) < 0) {
        throw differs(offset + buffer.position());
      }
    }
    long difference =
        MemorySegment.mismatch(
            MemorySegment.ofBuffer(buffer.flip()), 0, length, expected, 0, length);
    if (difference >= 0) {
      throw differs(offset + difference);
    }
  }

  private void requireWritten(long offset, long length) throws IOException {
    if (length > file.size() - offset) {
      throw differs(file.size());
    }
  }

  private IOException differs(long offset) {
    return OutputFile.failure(
        name, "what was written at offset " + Units.address(offset) + " reads back differently");
  }
}
