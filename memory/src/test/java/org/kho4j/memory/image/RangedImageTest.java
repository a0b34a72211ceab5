package org.kho4j.memory.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.RangeReader;
import org.kho4j.memory.PhysicalMemory;

class RangedImageTest {

  private static final Path RESOURCES = Path.of("src/test/resources/org/kho4j/memory");

  @TempDir Path directory;

  /** A file as an object in a store, which fails from some read on. */
  private static final class Stored implements RangeReader {

    private final FileChannel channel;
    private int left;
    private boolean closed;

    Stored(Path path, int reads) throws IOException {
      this.channel = FileChannel.open(path, StandardOpenOption.READ);
      this.left = reads;
    }

    @Override
    public long size() {
      try {
        return channel.size();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void read(long offset, byte[] target) throws IOException {
      if (left-- == 0) {
        throw new IOException("the store is gone");
      }
      assertThat(channel.read(ByteBuffer.wrap(target), offset)).isEqualTo(target.length);
    }

    @Override
    public void close() throws IOException {
      closed = true;
      channel.close();
    }
  }

  private static List<List<Long>> ranges(PhysicalMemory memory) {
    List<List<Long>> ranges = new ArrayList<>();
    memory.forEachRange((address, length) -> ranges.add(List.of(address, length)));
    return ranges;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"small-core.elf", "small-zlib.kdump", "small-lzo.kdump", "small-zstd.kdump"})
  void hasTheSameMemoryAsTheMappedFile(String name) throws IOException {
    Path path = RESOURCES.resolve(name);
    Stored stored = new Stored(path, Integer.MAX_VALUE);
    MemoryImages.RangedImage image = MemoryImages.open(path, stored);
    try (PhysicalMemory mapped = MemoryImages.open(path);
        PhysicalMemory ranged = image.memory()) {
      assertThat(ranges(ranged)).isEqualTo(ranges(mapped)).isNotEmpty();
      assertThat(ranged.source()).isEqualTo(mapped.source());
      mapped.forEachRange((address, length) -> {
        long bytes = Math.min(length, 1 << 16);
        assertThat(ranged.read(address, bytes).mismatch(mapped.read(address, bytes))).isEqualTo(-1);
        assertThat(ranged.extent(address, 1)).isEmpty();
      });
    }
    assertThat(image.readBytes().getAsLong()).isBetween(1L, Files.size(path));
    assertThat(stored.closed).isTrue();
  }

  @Test
  void readsOfALargeImageOnlyWhatIsAskedFor() throws IOException {
    Path path = directory.resolve("large.ram");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(4L << 30);
      file.seek((3L << 30) - 4);
      file.write(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    }
    MemoryImages.RangedImage image = MemoryImages.open(path, new Stored(path, Integer.MAX_VALUE));
    try (PhysicalMemory memory = image.memory()) {
      assertThat(memory.read((3L << 30) - 4, 8).toArray(ValueLayout.JAVA_BYTE))
          .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }
    // The first 16 MiB, and the two blocks on both sides of 3 GiB.
    assertThat(image.readBytes().getAsLong()).isEqualTo(18L << 20);
  }

  @Test
  void aPackedOrFlattenedImageIsRefused() throws IOException {
    for (String name : List.of("small-elf.flat", "small-zlib.flat")) {
      Stored stored = new Stored(RESOURCES.resolve(name), Integer.MAX_VALUE);
      assertThatThrownBy(() -> MemoryImages.open(Path.of(name), stored))
          .isInstanceOf(MalformedImageException.class)
          .hasMessageContaining("not by ranges");
      assertThat(stored.closed).isTrue();
    }
  }

  @Test
  void aStoreThatFailsIsReported() throws IOException {
    Path path = directory.resolve("some.ram");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(32L << 20);
    }
    assertThatThrownBy(() -> MemoryImages.open(path, new Stored(path, 0)))
        .isInstanceOf(IOException.class)
        .hasMessage("the store is gone");
    try (PhysicalMemory memory = MemoryImages.open(path, new Stored(path, 16)).memory()) {
      assertThatThrownBy(() -> memory.read(20L << 20, 8)).isInstanceOf(UncheckedIOException.class);
    }
  }
}
