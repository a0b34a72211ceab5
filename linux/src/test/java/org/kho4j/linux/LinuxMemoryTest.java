package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.WritableMemory;

@EnabledOnOs(OS.LINUX)
class LinuxMemoryTest {

  private static final long BASE = 0x4000_0000;

  @TempDir Path dir;

  @Test
  void keepsWhatWasWritten() throws IOException {
    Path path = dir.resolve("ram");
    try (WritableMemory ram = LinuxMemory.create(path, BASE, 1L << 35)) {
      ram.writable(BASE + (1L << 35) - 8, 8).set(JAVA_LONG, 0, 42);
    }

    try (WritableMemory ram = LinuxMemory.open(path, BASE)) {
      assertThat(ram.size()).isEqualTo(1L << 35);
      assertThat(ram.read(BASE + (1L << 35) - 8, 8).get(JAVA_LONG, 0)).isEqualTo(42);
    }
  }

  @Test
  void isTheMemoryThatJavaMapsByItself() throws IOException {
    Path path = dir.resolve("ram");
    try (WritableMemory ours = LinuxMemory.create(path, BASE, 0x3000);
        WritableMemory javas = WritableMemory.open(path, 0)) {
      ours.writable(BASE + 0x1000, 1).set(JAVA_BYTE, 0, (byte) 5);
      assertThat(javas.read(0x1000, 1).get(JAVA_BYTE, 0)).isEqualTo((byte) 5);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "TRANSPARENT"})
  void allocatesMemoryFiles(HugePages hugePages) throws IOException {
    try (WritableMemory ram = LinuxMemory.allocate("arena", BASE, 6 << 20, hugePages)) {
      MemorySegment all = ram.writable(BASE, 6 << 20);
      assertThat(all.address() % (2 << 20)).isZero();
      all.fill((byte) 1);
      assertThat(ram.read(BASE + (6 << 20) - 1, 1).get(JAVA_BYTE, 0)).isEqualTo((byte) 1);
    }
  }

  @Test
  void takesSizesThatAreNoWholePages() throws IOException {
    try (WritableMemory ram = LinuxMemory.create(dir.resolve("odd"), BASE, 5000)) {
      ram.writable(BASE + 4999, 1).set(JAVA_BYTE, 0, (byte) 1);
      assertThatThrownBy(() -> ram.writable(BASE + 5000, 1))
          .isInstanceOf(AbsentMemoryException.class);
    }
    assertThat(Files.size(dir.resolve("odd"))).isEqualTo(5000);
  }

  @Test
  void unmapsAndClosesWhenItIsClosed() throws IOException {
    WritableMemory ram = LinuxMemory.allocate("leak-check", BASE, 1 << 20, HugePages.NONE);
    assertThat(Maps.of("memfd:leak-check")).isEqualTo(1);
    assertThat(Maps.descriptorsOf("memfd:leak-check")).isEqualTo(1);

    ram.close();

    assertThat(Maps.of("memfd:leak-check")).isZero();
    assertThat(Maps.descriptorsOf("memfd:leak-check")).isZero();
  }

  @Test
  void closesAFileThatItCannotMap() throws IOException {
    LinuxFile empty = LinuxFile.memory("empty", 0, HugePages.NONE);

    assertThatThrownBy(() -> LinuxMemory.map(empty, BASE))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage("memfd:empty is empty");
    assertThat(Maps.descriptorsOf("memfd:empty")).isZero();
  }

  @Test
  void leavesNoFileBehindWhenItCannotBeMapped() {
    Path path = dir.resolve("ram");
    // the file system takes it, an address space of 47 bits does not
    assertThatThrownBy(() -> LinuxMemory.create(path, 0, 1L << 60))
        .isInstanceOf(LinuxException.class);
    assertThat(path).doesNotExist();
  }

  @Test
  void anEmptyFileIsNoMemory() throws IOException {
    Path path = Files.createFile(dir.resolve("empty"));
    assertThatThrownBy(() -> LinuxMemory.open(path, 0))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " is empty");
  }
}
