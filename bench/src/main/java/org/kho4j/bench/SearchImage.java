package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Random;

/** A large RAM file with a small handover somewhere in it. */
final class SearchImage {

  private static final int BLOCK = 1 << 20;

  private SearchImage() {}

  /**
   * Writes one that is not there yet.
   *
   * @param at physical address of the handover
   * @param filled whether the rest of it has content; else it is a hole
   */
  static void write(Path file, long size, long at, boolean filled) throws IOException {
    InputFiles.write(
        file,
        size,
        memory -> {
          if (filled) {
            byte[] block = new byte[BLOCK];
            new Random(1).nextBytes(block);
            for (long to = 0; to < size; to += BLOCK) {
              memory.writable(to, BLOCK).copyFrom(MemorySegment.ofArray(block));
            }
          }
          MapImage.writeSmall(memory, at);
        });
  }
}
