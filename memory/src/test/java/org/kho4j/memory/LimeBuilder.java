package org.kho4j.memory;

import io.airlift.compress.v3.snappy.SnappyFramedOutputStream;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Builds LiME files, and those that AVML compresses, by their published layout. */
public final class LimeBuilder {

  private final ByteArrayOutputStream file = new ByteArrayOutputStream();

  /** Starts with no range. */
  public LimeBuilder() {}

  /** A range with its bytes. */
  public LimeBuilder range(long address, byte[] content) {
    return header(address, address + content.length - 1).bytes(content);
  }

  /** The header of a range. */
  public LimeBuilder header(long first, long last) {
    return header("EMiL", 1, first, last);
  }

  private LimeBuilder header(String magic, int version, long first, long last) {
    ByteBuffer header = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 4; i++) {
      header.put((byte) magic.charAt(i));
    }
    return bytes(header.putInt(version).putLong(first).putLong(last).array());
  }

  /** Any bytes. */
  public LimeBuilder bytes(byte[] bytes) {
    file.writeBytes(bytes);
    return this;
  }

  /** A range as AVML compresses it: framed by a library that has nothing to do with the reader. */
  public LimeBuilder compressed(long address, byte[] content) throws IOException {
    ByteArrayOutputStream chunks = new ByteArrayOutputStream();
    try (OutputStream out = new SnappyFramedOutputStream(new SnappyJavaCompressor(), chunks)) {
      out.write(content);
    }
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    return header("AVML", 2, address, address + content.length - 1)
        .bytes(chunks.toByteArray())
        .bytes(length.putLong(chunks.size()).array());
  }

  /** The file's bytes. */
  public byte[] build() {
    return file.toByteArray();
  }

  /** The file, written. */
  public Path write(Path path) throws IOException {
    return Files.write(path, build());
  }
}
