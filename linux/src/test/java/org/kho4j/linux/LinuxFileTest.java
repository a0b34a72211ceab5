package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LinuxFileTest {

  @TempDir Path dir;

  @Test
  void createsASparseFileForItsOwnerOnly() throws IOException {
    Path path = dir.resolve("ram");
    try (LinuxFile file = LinuxFile.create(path, 1L << 40)) {
      assertThat(file.size()).isEqualTo(1L << 40);
      assertThat(file.path()).isEqualTo(path);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void createsNothingOverAFileOrThroughALink() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "precious");
    Path dangling = Files.createSymbolicLink(dir.resolve("dangling"), dir.resolve("nowhere"));

    assertThatThrownBy(() -> LinuxFile.create(file, 4096))
        .isInstanceOf(LinuxException.class)
        .hasMessage("cannot create " + file + ": EEXIST (the file exists)");
    assertThatThrownBy(() -> LinuxFile.create(dangling, 4096))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("EEXIST");
    assertThat(file).hasContent("precious");
    assertThat(dir.resolve("nowhere")).doesNotExist();
  }

  @Test
  void opensNothingThroughALink() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "precious");
    Path link = Files.createSymbolicLink(dir.resolve("link"), file);

    assertThatThrownBy(() -> LinuxFile.open(link))
        .isInstanceOf(LinuxException.class)
        .hasMessage("cannot open " + link + ": ELOOP (it is a symbolic link)");
  }

  @Test
  void opensNoDevice() {
    assertThatThrownBy(() -> LinuxFile.open(Path.of("/dev/zero")))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("/dev/zero is not a regular file");
  }

  @Test
  void leavesNoFileBehindWhenItCannotBeThatLarge() {
    Path path = dir.resolve("ram");

    assertThatThrownBy(() -> LinuxFile.create(path, Long.MAX_VALUE))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("give " + path + " a size of 9223372036854775807 bytes");
    assertThat(path).doesNotExist();
  }

  @Test
  void findsDataAndHoles() throws IOException {
    try (LinuxFile file = LinuxFile.memory("holes", 1 << 20, HugePages.NONE)) {
      assertThat(file.nextData(0)).isEmpty();
      Path descriptor = Path.of("/proc/self/fd/" + file.descriptor());
      try (var channel =
          java.nio.channels.FileChannel.open(descriptor, java.nio.file.StandardOpenOption.WRITE)) {
        channel.write(java.nio.ByteBuffer.allocate(100_000), 256 << 10);
      }

      long data = file.nextData(0).orElseThrow();
      long hole = file.nextHole(data).orElseThrow();
      assertThat(data).isBetween(1L, 256L << 10);
      assertThat(hole).isBetween((256L << 10) + 100_000, 1L << 20);

      file.punchHole(0, 1 << 20);
      assertThat(file.nextData(0)).isEmpty();
      assertThat(file.nextHole(0)).isEqualTo(OptionalLong.of(0));
      assertThat(file.size()).isEqualTo(1 << 20);
    }
  }

  @Test
  void keepsItsSeals() throws IOException {
    try (LinuxFile file = LinuxFile.memory("sealed", 4096, HugePages.NONE)) {
      // a host can forbid executable memory files altogether, which is a seal of its own
      assertThat(file.seals()).doesNotContain(Seal.SHRINK, Seal.GROW, Seal.SEAL);

      file.seal(EnumSet.of(Seal.SHRINK, Seal.GROW));

      assertThat(file.seals()).contains(Seal.SHRINK, Seal.GROW).doesNotContain(Seal.WRITE);
      assertThatThrownBy(() -> file.truncate(0))
          .isInstanceOf(LinuxException.class)
          .hasMessageContaining("EPERM")
          .extracting(e -> ((LinuxException) e).errno())
          .isEqualTo(1);
    }
  }

  @Test
  void reservesTheMemoryBehindItsHoles() throws IOException {
    try (LinuxFile file = LinuxFile.memory("reserved", 1 << 20, HugePages.NONE)) {
      assertThat(file.allocatedBytes()).isZero();

      file.reserve();

      assertThat(file.allocatedBytes()).isGreaterThanOrEqualTo(1 << 20);
      assertThat(file.size()).isEqualTo(1 << 20);
    }
  }

  @Test
  void reservesNoMoreThanTheHostHas() throws IOException {
    // without the check, the kernel would kill processes until the memory is there
    try (LinuxFile file = LinuxFile.memory("endless", 1L << 50, HugePages.NONE)) {
      assertThatThrownBy(file::reserve)
          .isInstanceOf(LinuxException.class)
          .hasMessageMatching(
              "cannot reserve 1125899906842624 bytes for memfd:endless: ENOMEM \\(\\d+ bytes of memory are available\\)");
      assertThat(file.allocatedBytes()).isZero();
    }
  }

  @Test
  void knowsItsOwnerAndPermissions() throws IOException {
    Path path = dir.resolve("ram");
    try (LinuxFile file = LinuxFile.create(path, 4096)) {
      assertThat(file.owner()).isEqualTo(Files.getAttribute(path, "unix:uid"));
      assertThat(file.owner()).isEqualTo(Linux.effectiveUser());
      assertThat(file.permissions()).isEqualTo(0600);

      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));

      assertThat(file.permissions()).isEqualTo(0640);
      assertThat(file.isHugetlb()).isFalse();
    }
  }

  @Test
  void isOfHugePagesOutOfAPool() throws IOException {
    LinuxFile file;
    try {
      file = LinuxFile.memory("huge", 2 << 20, HugePages.POOL_2M);
    } catch (LinuxException e) {
      assumeTrue(false, "no huge pages: " + e.getMessage());
      return;
    }
    try (file) {
      assertThat(file.isHugetlb()).isTrue();
    }
  }

  @Test
  void mapsPartOfItselfUntilTheArenaIsClosed() throws IOException {
    int page = Linux.pageSize();
    try (LinuxFile file = LinuxFile.memory("mapped", 4L * page, HugePages.NONE)) {
      MemorySegment part;
      try (Arena arena = Arena.ofShared();
          Arena other = Arena.ofShared()) {
        part = file.map(page, 2L * page, arena);
        part.set(ValueLayout.JAVA_LONG, page, 42);
        assertThat(file.map(0, 4L * page, other).get(ValueLayout.JAVA_LONG, 2L * page))
            .isEqualTo(42);
        assertThat(Maps.of("memfd:mapped")).isEqualTo(2);
      }
      assertThat(Maps.of("memfd:mapped")).isZero();
      assertThat(part.scope().isAlive()).isFalse();
    }
  }

  @Test
  void aMappingThatFailsLeavesNothingBehind() throws IOException {
    int left = ExtentBudget.PROCESS.left();
    try (LinuxFile file = LinuxFile.memory("refused", 8192, HugePages.NONE)) {
      Arena closed;
      try (Arena arena = Arena.ofShared()) {
        closed = arena;
      }
      assertThatThrownBy(() -> file.map(0, 8192, closed)).isInstanceOf(IllegalStateException.class);
      for (long[] part : new long[][] {{8192, 4096}, {4096, 8192}, {0, 0}, {0, -1}, {-4096, 1}}) {
        assertThatThrownBy(() -> file.map(part[0], part[1], Arena.global()))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith("memfd:refused: ");
      }
    }
    assertThat(Maps.of("memfd:refused")).isZero();
    assertThat(ExtentBudget.PROCESS.left()).isEqualTo(left);
  }

  /** The next file to be opened has its number. */
  @Test
  void isNotReopenedOnceItIsClosed() throws IOException {
    LinuxFile file = LinuxFile.memory("gone", 4096, HugePages.NONE);
    file.close();
    assertThatThrownBy(file::reopen)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("memfd:gone is closed");
  }

  @Test
  void isClosedOnce() throws IOException {
    LinuxFile file = LinuxFile.memory("closed", 4096, HugePages.NONE);
    assertThat(Maps.descriptorsOf("memfd:closed")).isEqualTo(1);
    file.close();
    file.close();

    assertThat(Maps.descriptorsOf("memfd:closed")).isZero();
    assertThatThrownBy(file::size)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("memfd:closed is closed");
  }

  @Test
  void isNotInheritedByPrograms() throws IOException {
    try (LinuxFile file = LinuxFile.memory("private", 4096, HugePages.NONE)) {
      assertThat(Files.readString(Path.of("/proc/self/fdinfo/" + file.descriptor())))
          .containsPattern("flags:\\s+0?2\\d{6}");
    }
  }
}
