package org.kho4j.cli.author;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.kho4j.files.LittleEndian;

/** The content of memory. Memory beyond the content's end stays zero. */
sealed interface Fill {

  /** Its bytes; empty where it is as long as the memory. */
  OptionalLong size();

  /**
   * How much of some memory it writes to.
   *
   * @param memory bytes to be filled
   */
  default long written(long memory) {
    return size().orElse(memory);
  }

  /** Begins to fill memory with it. */
  Filler open() throws IOException;

  /** Fills memory piece by piece, in the order of the calls. */
  interface Filler extends AutoCloseable {
    void fill(MemorySegment piece);

    @Override
    default void close() {}
  }

  /** Nothing: memory is zero before it is written to, and its file stays sparse. */
  record Zeros() implements Fill {
    @Override
    public OptionalLong size() {
      return OptionalLong.empty();
    }

    @Override
    public long written(long memory) {
      return 0;
    }

    @Override
    public Filler open() {
      return piece -> {};
    }
  }

  /** Bytes that stand in the spec. */
  record Bytes(MemorySegment bytes) implements Fill {
    @Override
    public OptionalLong size() {
      return OptionalLong.of(bytes.byteSize());
    }

    @Override
    public Filler open() {
      long[] done = new long[1];
      return piece -> {
        long length = Math.min(piece.byteSize(), bytes.byteSize() - done[0]);
        MemorySegment.copy(bytes, done[0], piece, 0, length);
        done[0] += length;
      };
    }
  }

  /**
   * A file's bytes.
   *
   * @param path of the file
   * @param bytes that it had when the spec was read
   */
  record OfFile(Path path, long bytes) implements Fill {

    private static final int PIECE = 1 << 30;

    @Override
    public OptionalLong size() {
      return OptionalLong.of(bytes);
    }

    @Override
    public Filler open() throws IOException {
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      return new Filler() {
        private long left = bytes;

        @Override
        public void fill(MemorySegment piece) {
          try {
            long end = Math.min(piece.byteSize(), left);
            for (long at = 0; at < end; at += PIECE) {
              read(piece.asSlice(at, Math.min(PIECE, end - at)).asByteBuffer());
            }
            left -= end;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }

        private void read(ByteBuffer buffer) throws IOException {
          while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
              throw new EOFException(path + " became shorter while it was read");
            }
          }
        }

        @Override
        public void close() {
          try {
            channel.close();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };
    }
  }

  /** The longs of a {@link SplittableRandom}, little-endian: any amount, the same every time. */
  record Seeded(long seed) implements Fill {

    @Override
    public OptionalLong size() {
      return OptionalLong.empty();
    }

    @Override
    public Filler open() {
      SplittableRandom random = new SplittableRandom(seed);
      return piece -> {
        long whole = piece.byteSize() & -Long.BYTES;
        for (long at = 0; at < whole; at += Long.BYTES) {
          piece.set(LittleEndian.U64, at, random.nextLong());
        }
        long rest = whole < piece.byteSize() ? random.nextLong() : 0;
        for (long at = whole; at < piece.byteSize(); at++) {
          piece.set(ValueLayout.JAVA_BYTE, at, (byte) (rest >>> (8 * (at - whole))));
        }
      };
    }
  }
}
