package org.kho4j.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.files.MalformedImageException;

class WritableMemoryTest {

  private static final long BASE = 0x4000_0000;

  @TempDir Path dir;

  @Test
  void createsASparseFileForItsOwnerOnly() throws IOException {
    Path path = dir.resolve("ram");
    long size = 64L << 30;

    try (WritableMemory ram = WritableMemory.create(path, BASE, size)) {
      assertThat(ram.size()).isEqualTo(size);
      assertThat(Files.size(path)).isEqualTo(size);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
      ram.writable(BASE + size - 8, 8).set(JAVA_LONG_UNALIGNED, 0, 42);
      assertThat(ram.read(BASE + size - 8, 8).get(JAVA_LONG_UNALIGNED, 0)).isEqualTo(42);
      assertThat(ram.read(BASE + size - 16, 8).get(JAVA_LONG_UNALIGNED, 0)).isZero();
    }
  }

  @Test
  void keepsWhatWasWritten() throws IOException {
    Path path = dir.resolve("ram");
    try (WritableMemory ram = WritableMemory.create(path, BASE, 0x10000)) {
      ram.writable(BASE + 0x1234, 3).copyFrom(MemorySegment.ofArray(new byte[] {1, 2, 3}));
    }

    try (WritableMemory ram = WritableMemory.open(path, BASE)) {
      assertThat(ram.size()).isEqualTo(0x10000);
      assertThat(ram.read(BASE + 0x1233, 5).toArray(JAVA_BYTE)).containsExactly(0, 1, 2, 3, 0);
      assertThat(ram.source().path()).isEqualTo(path);
      assertThat(ram.source().kind()).isEqualTo(MemorySource.Kind.RAW);
    }
  }

  @Test
  void readsAtOnceWhatIsWritten() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 0x1000)) {
      MemorySegment reader = ram.read(BASE, 0x1000);
      ram.writable(BASE + 5, 1).set(JAVA_BYTE, 0, (byte) 9);

      assertThat(reader.get(JAVA_BYTE, 5)).isEqualTo((byte) 9);
      assertThat(reader.isReadOnly()).isTrue();
    }
  }

  @Test
  void createsNothingOverAFileOrThroughALink() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "precious");
    Path dangling = Files.createSymbolicLink(dir.resolve("dangling"), dir.resolve("nowhere"));

    assertThatThrownBy(() -> WritableMemory.create(file, 0, 4096))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(() -> WritableMemory.create(dangling, 0, 4096))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(file).hasContent("precious");
    assertThat(dir.resolve("nowhere")).doesNotExist();
  }

  @Test
  void opensNoLinkNoDirectoryAndNothingEmpty() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "precious");
    Path link = Files.createSymbolicLink(dir.resolve("link"), file);
    Path empty = Files.createFile(dir.resolve("empty"));

    assertThatThrownBy(() -> WritableMemory.open(link, 0))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining(link + " is not a regular file");
    assertThatThrownBy(() -> WritableMemory.open(dir, 0))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("not a regular file");
    assertThatThrownBy(() -> WritableMemory.open(empty, 0))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(empty + " is empty");
    assertThatThrownBy(() -> WritableMemory.open(dir.resolve("none"), 0))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void leavesNoFileBehindWhenItCannotBeThatLarge() {
    Path path = dir.resolve("ram");

    assertThatThrownBy(() -> WritableMemory.create(path, 0, 1L << 62))
        .isInstanceOfAny(IOException.class, OutOfMemoryError.class);
    assertThat(path).doesNotExist();
    assertThatThrownBy(() -> WritableMemory.create(path.resolve("under"), 0, 4096))
        .isInstanceOf(FileSystemException.class);
  }

  @Test
  void refusesRangesThatAreEmptyOrWrapAround() {
    Path path = dir.resolve("ram");

    assertThatThrownBy(() -> WritableMemory.create(path, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 bytes at 0x0");
    assertThatThrownBy(() -> WritableMemory.allocate(Long.MAX_VALUE - 4095, 4097))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0x7ffffffffffff000");
    assertThat(path).doesNotExist();
  }

  @Test
  void namesTheFirstAddressThatIsAbsent() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 0x2000)) {
      assertThatThrownBy(() -> ram.writable(BASE + 0x1fff, 2))
          .isInstanceOf(AbsentMemoryException.class)
          .hasMessage("0x40002000 is not in arena, which has 0x40000000 to 0x40001fff")
          .extracting(e -> ((AbsentMemoryException) e).address())
          .isEqualTo(BASE + 0x2000);
      assertThatThrownBy(() -> ram.read(BASE - 1, 2))
          .isInstanceOf(AbsentMemoryException.class)
          .extracting(e -> ((AbsentMemoryException) e).address())
          .isEqualTo(BASE - 1);
      assertThatThrownBy(() -> ram.read(BASE + 1, Long.MAX_VALUE))
          .isInstanceOf(AbsentMemoryException.class);
      assertThatThrownBy(() -> ram.read(BASE, 0)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void containsItsRangeAndNothingElse() {
    try (WritableMemory ram = WritableMemory.allocate(BASE, 0x2000)) {
      assertThat(ram.contains(BASE, 0x2000)).isTrue();
      assertThat(ram.contains(1, 0)).as("0 bytes are always present").isTrue();
      assertThat(ram.contains(BASE, -1)).isFalse();
      assertThat(ram.contains(BASE + 0x1fff, 1)).isTrue();
      assertThat(ram.contains(BASE, 0x2001)).isFalse();
      assertThat(ram.contains(BASE - 1, 1)).isFalse();
      assertThat(ram.contains(BASE, Long.MAX_VALUE)).isFalse();
      assertThat(ram.contains(-1, 1)).isFalse();
      List<String> ranges = new ArrayList<>();
      ram.forEachRange((address, length) -> ranges.add(address + "+" + length));
      assertThat(ranges).containsExactly(BASE + "+" + 0x2000);
    }
  }

  @Test
  void saysThatItIsClosed() throws IOException {
    WritableMemory ram = WritableMemory.create(dir.resolve("ram"), BASE, 0x1000);
    MemorySegment slice = ram.writable(BASE, 8);
    ram.close();
    ram.close();

    assertThatThrownBy(() -> ram.read(BASE, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ram is closed");
    assertThatThrownBy(() -> ram.forEachRange((_, _) -> {}))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> slice.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
  }
}
