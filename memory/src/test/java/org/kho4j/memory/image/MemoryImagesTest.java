package org.kho4j.memory.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

class MemoryImagesTest {

  @TempDir Path directory;

  private Path file(byte... bytes) throws IOException {
    return Files.write(directory.resolve("image"), bytes);
  }

  @ParameterizedTest
  @CsvSource({
    "small-core.elf, ELF",
    "small-zlib.kdump, KDUMP",
    "small-lzo.kdump, KDUMP",
    "small-zstd.kdump, KDUMP",
    "small-zlib.flat, KDUMP"
  })
  void findsTheKindByContent(String name, MemorySource.Kind kind) throws IOException {
    Path path = file(KernelDumps.small(name));

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(memory.source().kind()).isEqualTo(kind);
      assertThat(memory.source().path()).isEqualTo(path);
      assertThat(memory.source().bytes()).isEqualTo(Files.size(path));
    }
  }

  /** makedumpfile wrote it: {@code -F -E}. */
  @Test
  void rearrangesAFlattenedElfCore() throws IOException {
    Path flattened = KernelDumps.small("small-elf.flat", directory);
    try (PhysicalMemory expected =
            MemoryImages.open(KernelDumps.small("small-core.elf", directory));
        PhysicalMemory memory = MemoryImages.open(flattened)) {
      assertThat(memory.source())
          .isEqualTo(
              new MemorySource(
                  flattened,
                  MemorySource.Kind.ELF,
                  expected.source().bytes(),
                  expected.source().machine(),
                  expected.source().pageSize()));
      assertThat(Memories.ranges(memory)).isEqualTo(Memories.ranges(expected));
      for (long[] range : new long[][] {{0x10000, 0x4000}, {0x732000, 0x2000}}) {
        assertThat(Memories.bytes(memory, range[0], range[1]))
            .isEqualTo(Memories.bytes(expected, range[0], range[1]));
      }
    }
  }

  @Test
  void refusesAFlattenedElfCoreWithoutMostOfItsRecords() throws IOException {
    byte[] flattened = KernelDumps.small("small-elf.flat");
    // The one behind those of the ELF header and the program headers.
    int third = 4096 + 16 + 280 + 16 + 64;
    ByteBuffer.wrap(flattened).putLong(third, 1L << 60);
    Path path = file(flattened);

    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageMatching(
            "\\Q%s\\E has %d bytes of records for a dump of \\d+ bytes: records are missing"
                .formatted(path, flattened.length));
  }

  @Test
  void leavesOutAHeaderInFrontOfRawMemory() throws IOException {
    byte[] bytes = new byte[4096 + 64];
    bytes[64] = 7;
    Path path = file(bytes);
    try (PhysicalMemory memory =
        MemoryImages.open(path, new OpenOptions(null, 0x1000).withSkip(64))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThat(Memories.bytes(memory, 0x1000, 1)).containsExactly(7);
    }
    assertThatThrownBy(() -> MemoryImages.open(path, OpenOptions.DEFAULT.withSkip(4160)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " has 4160 bytes, and no memory after a header of 4160 bytes");
    assertThatThrownBy(() -> new OpenOptions(MemorySource.Kind.ELF, 0).withSkip(1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void takesForRawWhatIsNothingElse() throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(file((byte) 1, (byte) 2, (byte) 3))) {
      assertThat(memory.source())
          .isEqualTo(
              new MemorySource(
                  directory.resolve("image"),
                  MemorySource.Kind.RAW,
                  3,
                  MemorySource.Machine.UNKNOWN,
                  OptionalInt.empty()));
      assertThat(Memories.bytes(memory, 0, 3)).containsExactly(1, 2, 3);
    }
  }

  /** Without an option: reading the holes of a large machine takes minutes. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void leavesTheHolesOfALargeFileOut() throws IOException {
    Path path = directory.resolve("sparse");
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(4096), 5L << 30);
      channel.write(ByteBuffer.allocate(1), (8L << 30) - 1);
    }

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      List<Long> starts = new ArrayList<>();
      List<Long> lengths = new ArrayList<>();
      memory.forEachDataRange((address, length) -> {
        starts.add(address);
        lengths.add(length);
      });
      // On tmpfs a look at the file's first bytes makes a page of them.
      assertThat(starts).contains(5L << 30).hasSizeBetween(2, 3);
      assertThat(lengths).allSatisfy(length -> assertThat(length).isLessThan(4L << 20));
      assertThat(memory.contains(0, 8L << 30)).as("a hole is memory, of zeros").isTrue();
    }
  }

  @Test
  void takesForRawWhatItIsToldTo() throws IOException {
    byte[] elf = KernelDumps.small("small-core.elf");

    try (PhysicalMemory memory =
        MemoryImages.open(file(elf), new OpenOptions(MemorySource.Kind.RAW, 0x1000))) {
      assertThat(memory.source().kind()).isEqualTo(MemorySource.Kind.RAW);
      assertThat(Memories.bytes(memory, 0x1000, elf.length)).isEqualTo(elf);
    }
  }

  @Test
  void refusesAWrongFormatInASentence() throws IOException {
    Path path = file((byte) 0, (byte) 0, (byte) 0, (byte) 0);

    assertThatThrownBy(() -> MemoryImages.open(path, new OpenOptions(MemorySource.Kind.ELF, 0)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " is not an ELF file: it does not start with 7f 45 4c 46");
    assertThatThrownBy(() -> MemoryImages.open(path, new OpenOptions(MemorySource.Kind.KDUMP, 0)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            path
                + " is not a kdump-compressed dump: it starts with neither \"KDUMP   \" nor"
                + " \"makedumpfile\"");
  }

  @Test
  void aFormatIsThatOfAFlattenedDump() throws IOException {
    Path flat = KernelDumps.small("small-zlib.flat", directory);
    try (PhysicalMemory memory =
        MemoryImages.open(flat, new OpenOptions(MemorySource.Kind.KDUMP, 0))) {
      assertThat(memory.source().kind()).isEqualTo(MemorySource.Kind.KDUMP);
    }
    assertThatThrownBy(() -> MemoryImages.open(flat, new OpenOptions(MemorySource.Kind.ELF, 0)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(flat + " is the flattened form of kdump, not of elf");
    assertThatThrownBy(() -> MemoryImages.open(flat, new OpenOptions(MemorySource.Kind.LIME, 0)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("where a LiME header has");
  }

  @ParameterizedTest
  @CsvSource({"small-core.elf, elf", "small-zlib.kdump, kdump", "small-zlib.flat, kdump"})
  void refusesABaseWhereTheFormRecordsAddresses(String name, String form) throws IOException {
    Path path = KernelDumps.small(name, directory);
    assertThatThrownBy(() -> MemoryImages.open(path, new OpenOptions(null, 0x40000000)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            path
                + " is of the form "
                + form
                + ", which records addresses: a base (0x40000000) is for raw memory");
  }

  @Test
  void refusesWhatIsNoFile() throws IOException {
    Path missing = directory.resolve("missing");
    Path empty = file();

    assertThatThrownBy(() -> MemoryImages.open(missing)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> MemoryImages.open(empty))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(empty + " is empty: no memory image has 0 bytes");
    assertThatThrownBy(() -> MemoryImages.open(directory))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(directory + " is not a regular file");
  }

  /** What {@code makedumpfile -F} writes is made for pipes. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void readsAFlattenedDumpOutOfAPipe() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Path flattened = KernelDumps.small("small-zlib.flat", directory);
    String copy = "cat '%s' >'%s'".formatted(flattened, fifo);
    Process writer = new ProcessBuilder("sh", "-c", copy).start();

    try (PhysicalMemory expected = MemoryImages.open(flattened);
        PhysicalMemory memory = MemoryImages.open(fifo)) {
      assertThat(memory.source().path()).isEqualTo(fifo);
      assertThat(Memories.ranges(memory)).isEqualTo(Memories.ranges(expected));
      assertThat(Memories.bytes(memory, 0x490000, 0x8000))
          .isEqualTo(Memories.bytes(expected, 0x490000, 0x8000));
    }
    assertThat(writer.waitFor()).isZero();
  }

  @Test
  void refusesANegativeBase() {
    assertThatThrownBy(() -> new OpenOptions(null, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0xffffffffffffffff");
  }
}
