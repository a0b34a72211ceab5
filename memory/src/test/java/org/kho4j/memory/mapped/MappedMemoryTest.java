package org.kho4j.memory.mapped;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.Memories;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;

class MappedMemoryTest {

  @TempDir Path directory;

  private Path path;

  private PhysicalMemory ram(long base, byte[] content) throws IOException {
    path = Files.write(directory.resolve("ram"), content);
    return MemoryImages.open(path, new OpenOptions(null, base));
  }

  @Test
  void readsByAddressWithoutACopy() throws IOException {
    byte[] content = TestPages.counting(8192, 3);
    try (PhysicalMemory memory = ram(0x40000000L, content)) {
      MemorySegment read = memory.read(0x40000ffcL, 8);

      assertThat(read.toArray(JAVA_BYTE))
          .isEqualTo(java.util.Arrays.copyOfRange(content, 4092, 4100));
      assertThat(read.isMapped()).isTrue();
      assertThat(read.isReadOnly()).isTrue();
      assertThat(Memories.ranges(memory)).containsExactly("0x40000000+0x2000");
    }
  }

  @Test
  void namesTheFirstAddressThatIsAbsent() throws IOException {
    try (PhysicalMemory memory = ram(0x1000, new byte[0x1000])) {
      assertThatThrownBy(() -> memory.read(0x1ff0, 0x11))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x2000))
          .hasMessage(path + " has no memory at 0x2000");
      assertThatThrownBy(() -> memory.read(0xfff, 2))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0xfff));
      assertThatThrownBy(() -> memory.read(-1, 2))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(-1));
      assertThatThrownBy(() -> memory.read(Long.MAX_VALUE, Integer.MAX_VALUE))
          .isInstanceOf(AbsentMemoryException.class);
    }
  }

  @Test
  void containsExactlyWhatItHas() throws IOException {
    try (PhysicalMemory memory = ram(0x1000, new byte[0x1000])) {
      assertThat(memory.contains(0x1000, 0x1000)).isTrue();
      assertThat(memory.contains(0x1fff, 1)).isTrue();
      assertThat(memory.contains(0x1fff, 2)).isFalse();
      assertThat(memory.contains(0xfff, 1)).isFalse();
      assertThat(memory.contains(0x1800, 0)).isTrue();
      assertThat(memory.contains(0x1800, -1)).isFalse();
      assertThat(memory.contains(0x1800, Long.MAX_VALUE)).isFalse();
      assertThat(memory.contains(Long.MIN_VALUE, Long.MIN_VALUE)).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE, Integer.MAX_VALUE + 1L})
  void refusesLengthsThatNoReadHas(long length) throws IOException {
    try (PhysicalMemory memory = ram(0, new byte[1])) {
      assertThatThrownBy(() -> memory.read(0, length))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Long.toString(length));
    }
  }

  @Test
  void refusesABaseThatRunsPastTheLastAddress() throws IOException {
    assertThatThrownBy(() -> ram(Long.MAX_VALUE, new byte[1]))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            path + " has 1 bytes, which from 0x7fffffffffffffff on run past the last address");
    try (PhysicalMemory memory = ram(Long.MAX_VALUE - 1, new byte[1])) {
      assertThat(memory.contains(Long.MAX_VALUE - 1, 1)).isTrue();
    }
  }

  @Test
  void readsSparseFilesBeyondTwoGiB() throws IOException {
    long far = (5L << 30) + 123;
    Path sparse = directory.resolve("sparse");
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      file.seek(far);
      file.write(42);
    }

    try (PhysicalMemory memory = MemoryImages.open(sparse)) {
      assertThat(Memories.bytes(memory, far - 1, 2)).containsExactly(0, 42);
      assertThat(memory.contains(0, far + 1)).isTrue();
      assertThat(memory.read(1L << 30, Integer.MAX_VALUE).byteSize()).isEqualTo(Integer.MAX_VALUE);
    }
  }

  @Test
  void saysThatItIsClosed() throws IOException {
    PhysicalMemory memory = ram(0, new byte[4096]);
    MemorySegment before = memory.read(0, 8);
    memory.close();
    memory.close();

    String closed = path + " is closed";
    assertThatThrownBy(() -> memory.read(0, 8))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(closed);
    assertThatThrownBy(() -> memory.contains(0, 8))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(closed);
    assertThatThrownBy(() -> memory.forEachRange((address, length) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(closed);
    assertThatThrownBy(() -> before.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    assertThat(memory.source().path()).isEqualTo(path);
  }

  @Test
  void closesUnderReaders() throws Exception {
    PhysicalMemory memory = ram(0, TestPages.counting(1 << 20, 0));
    AtomicReference<Throwable> end = new AtomicReference<>();
    CountDownLatch reading = new CountDownLatch(1);
    Thread reader =
        Thread.ofPlatform()
            .start(() -> {
              try (FileChannel nowhere =
                  FileChannel.open(
                      directory.resolve("copy"),
                      StandardOpenOption.CREATE,
                      StandardOpenOption.WRITE)) {
                while (true) {
                  MemorySegment read = memory.read(0, 1 << 20);
                  nowhere.write(read.asByteBuffer(), 0);
                  reading.countDown();
                }
              } catch (IOException | RuntimeException e) {
                end.set(e);
              }
            });
    reading.await();
    memory.close();
    reader.join();

    assertThat(end.get()).isInstanceOf(IllegalStateException.class);
  }
}
