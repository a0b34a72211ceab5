package org.kho4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    Path path = file(Captures.small(name));

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(memory.source().kind()).isEqualTo(kind);
      assertThat(memory.source().path()).isEqualTo(path);
      assertThat(memory.source().bytes()).isEqualTo(Files.size(path));
    }
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

  @Test
  void takesForRawWhatItIsToldTo() throws IOException {
    byte[] elf = Captures.small("small-core.elf");

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

  @Test
  @EnabledOnOs(OS.LINUX)
  void doesNotWaitForTheWriterOfAFifo() throws Exception {
    Path fifo = directory.resolve("fifo");
    Process mkfifo = new ProcessBuilder("mkfifo", fifo.toString()).start();
    assertThat(mkfifo.waitFor()).isZero();

    assertThatThrownBy(() -> MemoryImages.open(fifo))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith("is not a regular file");
  }

  @Test
  void refusesANegativeBase() {
    assertThatThrownBy(() -> new OpenOptions(null, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0xffffffffffffffff");
  }
}
