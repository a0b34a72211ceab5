package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.OpenOptions;
import org.kho4j.memory.PhysicalMemory;

class LinuxFileHolesTest {

  private static final long SIZE = 64L << 20;
  private static final long BASE = 0x40000000;

  @TempDir private Path dir;
  private Path ram;

  @BeforeEach
  void write() throws IOException {
    ram = dir.resolve("ram");
    LinuxFile.create(ram, SIZE).close();
    try (FileChannel channel = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(4096), 16 << 20);
      channel.write(ByteBuffer.allocate(4096), 48 << 20);
    }
  }

  private List<long[]> data(Path path, long minimum) throws IOException {
    List<long[]> found = new ArrayList<>();
    OpenOptions options = new OpenOptions(MemorySource.Kind.RAW, BASE, new LinuxFileHoles(minimum));
    try (PhysicalMemory memory = MemoryImages.open(path, options)) {
      memory.forEachDataRange((address, length) -> found.add(new long[] {address, length}));
      assertThat(memory.contains(BASE, SIZE)).as("a hole is memory, of zeros").isTrue();
    }
    return found;
  }

  @Test
  void findsTheDataOfASparseFile() throws IOException {
    List<long[]> found = data(ram, 0);

    assertThat(found).hasSize(2);
    assertThat(found.get(0)[0]).isBetween(BASE + (15 << 20), BASE + (16 << 20));
    assertThat(found.get(0)[1]).isBetween(4096L, 2L << 20);
    assertThat(found.get(1)[0]).isBetween(BASE + (47 << 20), BASE + (48 << 20));
  }

  @Test
  void followsLinksAsTheSourceIsOpened() throws IOException {
    assertThat(data(Files.createSymbolicLink(dir.resolve("link"), ram), 0)).hasSize(2);
  }

  @Test
  void takesSmallFilesWhole() throws IOException {
    assertThat(data(ram, SIZE + 1)).containsExactly(new long[] {BASE, SIZE});
  }

  @Test
  void takesAFileThatItCannotOpenWhole() {
    List<long[]> found = new ArrayList<>();
    new LinuxFileHoles(0)
        .forEachData(
            dir.resolve("none"), 4096, 8192, (at, length) -> found.add(new long[] {at, length}));

    assertThat(found).containsExactly(new long[] {4096, 8192});
  }
}
