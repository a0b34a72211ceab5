package org.kho4j.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

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
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LinuxFileHolesTest {

  private static final long SIZE = 64L << 20;

  @TempDir private Path dir;
  private Path ram;

  @BeforeEach
  void write() throws IOException {
    ram = dir.resolve("ram");
    try (FileChannel channel =
        FileChannel.open(
            ram,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(4096), 16 << 20);
      channel.write(ByteBuffer.allocate(4096), 48 << 20);
      channel.write(ByteBuffer.allocate(1), SIZE - 1);
      channel.truncate(SIZE);
    }
  }

  private static List<long[]> data(Path path, long minimum, long offset, long length) {
    List<long[]> found = new ArrayList<>();
    new LinuxFileHoles(minimum)
        .forEachData(path, offset, length, (at, bytes) -> found.add(new long[] {at, bytes}));
    return found;
  }

  @Test
  void findsTheDataOfASparseFile() {
    List<long[]> found = data(ram, 0, 0, SIZE - (2 << 20));

    assertThat(found).hasSize(2);
    assertThat(found.get(0)[0]).isBetween(15L << 20, 16L << 20);
    assertThat(found.get(0)[1]).isBetween(4096L, 2L << 20);
    assertThat(found.get(1)[0]).isBetween(47L << 20, 48L << 20);
  }

  @Test
  void staysWithinThePartThatIsLookedAt() {
    assertThat(data(ram, 0, (16 << 20) + 1000, 100))
        .containsExactly(new long[] {(16 << 20) + 1000, 100});
    assertThat(data(ram, 0, 20 << 20, 4 << 20)).isEmpty();
  }

  @Test
  void followsLinksAsTheSourceIsOpened() throws IOException {
    Path link = Files.createSymbolicLink(dir.resolve("link"), ram);
    assertThat(data(link, 0, 0, SIZE - (2 << 20))).hasSize(2);
  }

  @Test
  void takesSmallFilesWhole() {
    assertThat(data(ram, SIZE + 1, 0, SIZE)).containsExactly(new long[] {0, SIZE});
  }

  /** To read a hole there allocates its pages: a search of 760 KiB of data took 512 MiB. */
  @Test
  void asksForTheHolesOfSmallFilesInTmpfs() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeThat(memory).isDirectory().isWritable();
    assumeThat(Files.getFileStore(memory).type()).isEqualTo("tmpfs");
    Path copy = Files.createTempFile(memory, "kho", ".ram");
    try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1}), SIZE - 1);
      List<Long> found = new ArrayList<>();
      try (MappedFile mapped = MappedFile.open(copy)) {
        mapped.forEachData(0, SIZE, (offset, length) -> found.add(offset));
      }
      assertThat(found).singleElement().isNotEqualTo(0L);
    } finally {
      Files.delete(copy);
    }
  }

  @Test
  void takesAFileThatItCannotOpenWhole() {
    assertThat(data(dir.resolve("none"), 0, 4096, 8192)).containsExactly(new long[] {4096, 8192});
  }

  /** Prints the number of parts of a file; for a JVM of its own. */
  static final class CountParts {
    public static void main(String[] args) {
      int[] parts = new int[1];
      new LinuxFileHoles(0).forEachData(Path.of(args[0]), 0, SIZE, (at, bytes) -> parts[0]++);
      System.out.print(parts[0]);
    }
  }

  /** To link threw ExceptionInInitializerError in a JVM that denies native access. */
  @Test
  void takesAFileWholeWhereNativeAccessIsDenied() throws Exception {
    List<String> deny = List.of("--illegal-native-access=deny");
    assertThat(AnotherJvm.output(List.of(), deny, CountParts.class, ram)).isEqualTo("1");
  }
}
