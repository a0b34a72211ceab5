package org.kho4j.files.packed;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.kho4j.files.MappedFile;

/** Contents for tests, and how they are unpacked. */
final class Unpacking {

  private Unpacking() {}

  /** Unpacks a file to at most 1 GiB. */
  static byte[] unpack(Path packed) throws IOException {
    return unpack(packed, 1L << 30);
  }

  static byte[] unpack(Path packed, long limit) throws IOException {
    try (MappedFile file = MappedFile.open(packed);
        MappedFile unpacked =
            Packing.of(file.bytes())
                .orElseThrow()
                .unpack(packed, file.bytes(), 0, Spool.DEFAULT.withLimit(limit))) {
      return unpacked.bytes().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static byte[] unpack(Path directory, byte[] packed) throws IOException {
    return unpack(Files.write(directory.resolve("packed"), packed));
  }

  /** Code-like bytes with near and far repetitions, runs and noise. */
  static byte[] content(int length) {
    Random random = new Random(length);
    byte[] bytes = new byte[length];
    int at = 0;
    while (at < length) {
      int piece = Math.min(length - at, 1 + random.nextInt(5000));
      switch (random.nextInt(4)) {
        case 0 -> {
          byte[] noise = new byte[piece];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, bytes, at, piece);
        }
        case 1 -> {
          int from = at == 0 ? 0 : random.nextInt(at);
          System.arraycopy(bytes, from, bytes, at, Math.min(piece, at - from));
        }
        case 2 -> {
          for (int i = 0; i < piece; i++) {
            // Calls and branches, for the filters.
            bytes[at + i] = (byte) (i % 5 == 0 ? 0xe8 + (i & 1) : i % 5 == 4 ? -(i & 1) : i * i);
          }
        }
        default -> {
          for (int i = 3; i < piece; i += 4) {
            bytes[at + i] = (byte) (i % 3 == 0 ? 0x97 : 0x90);
          }
        }
      }
      at += piece;
    }
    return bytes;
  }
}
