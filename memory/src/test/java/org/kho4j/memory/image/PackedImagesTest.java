package org.kho4j.memory.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Spool;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;

class PackedImagesTest {

  @TempDir Path directory;

  private Path packed(String command, byte[] bytes) throws IOException, InterruptedException {
    Path plain = Files.write(directory.resolve("plain"), bytes);
    Path packed = directory.resolve("image.packed");
    String line = command + " <'" + plain + "' >'" + packed + "'";
    assumeTrue(new ProcessBuilder("sh", "-c", line).start().waitFor() == 0, line);
    return packed;
  }

  private Path packed(byte[] bytes) throws IOException {
    ZstdJavaCompressor compressor = new ZstdJavaCompressor();
    byte[] out = new byte[compressor.maxCompressedLength(bytes.length)];
    int size = compressor.compress(bytes, 0, bytes.length, out, 0, out.length);
    return Files.write(directory.resolve("image.zst"), Arrays.copyOf(out, size));
  }

  @ParameterizedTest
  @ValueSource(strings = {"small-core.elf", "small-zlib.kdump", "small-zlib.flat"})
  void opensAnyKindWithinZstd(String name) throws IOException {
    byte[] bytes = KernelDumps.small(name);
    Path plain = KernelDumps.small(name, directory);
    Path packed = packed(bytes);
    try (PhysicalMemory expected = MemoryImages.open(plain);
        PhysicalMemory memory = MemoryImages.open(packed)) {
      assertThat(memory.source().kind()).isEqualTo(expected.source().kind());
      assertThat(memory.source().bytes()).isEqualTo(bytes.length);
      assertThat(memory.source().path()).isEqualTo(packed);
      assertThat(Memories.ranges(memory)).isEqualTo(Memories.ranges(expected));
      assertThat(Memories.bytes(memory, 0x490000, 0x8000))
          .isEqualTo(Memories.bytes(expected, 0x490000, 0x8000));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip -c", "xz -c", "zstd -qc", "lz4 -qc", "lz4 -qcl"})
  void opensWhatEveryPackerPacked(String command) throws IOException, InterruptedException {
    for (String name : List.of("small-core.elf", "small-zlib.flat", "small-elf.flat")) {
      byte[] bytes = KernelDumps.small(name);
      Path packed = packed(command, bytes);
      try (PhysicalMemory expected = MemoryImages.open(KernelDumps.small(name, directory));
          PhysicalMemory memory = MemoryImages.open(packed)) {
        assertThat(memory.source().kind()).isEqualTo(expected.source().kind());
        assertThat(Memories.ranges(memory)).isEqualTo(Memories.ranges(expected));
        assertThat(Memories.bytes(memory, 0x490000, 0x8000))
            .isEqualTo(Memories.bytes(expected, 0x490000, 0x8000));
      }
    }
  }

  /** lzma has no magic number, and these might be its first bytes. */
  @Test
  void takesRawMemoryForNoLzma() throws IOException {
    byte[] bytes = new byte[4096];
    bytes[0] = 0x5d;
    bytes[3] = 1;
    Path path = Files.write(directory.resolve("raw"), bytes);
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(Memories.bytes(memory, 0, 4096)).isEqualTo(bytes);
    }
  }

  @Test
  void boundsWhatComesOut() throws IOException {
    Path path = packed(new byte[5000]);
    OpenOptions options = OpenOptions.DEFAULT.withSpool(Spool.DEFAULT.withLimit(4999));

    assertThatThrownBy(() -> MemoryImages.open(path, options))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith("it decompresses to more than 4999 bytes");
  }

  @Test
  void takesFormatAndBaseForWhatIsInside() throws IOException {
    byte[] page = TestPages.counting(4096, 1);
    OpenOptions options = new OpenOptions(MemorySource.Kind.RAW, 0x40000000);
    try (PhysicalMemory memory = MemoryImages.open(packed(page), options)) {
      assertThat(Memories.bytes(memory, 0x40000000, 4096)).isEqualTo(page);
    }
  }

  /** To the 256 KiB: what a search looks at. */
  @Test
  void knowsItsHoles() throws IOException {
    byte[] bytes = new byte[0x800000];
    System.arraycopy(TestPages.counting(4096, 1), 0, bytes, 0x13f000, 4096);
    System.arraycopy(TestPages.counting(8192, 1), 0, bytes, 0x5ff000, 8192);
    bytes[0x7fffff] = 1;
    OpenOptions options = new OpenOptions(MemorySource.Kind.RAW, 0x40000000);
    try (PhysicalMemory memory = MemoryImages.open(packed(bytes), options)) {
      List<String> data = new ArrayList<>();
      memory.forEachDataRange((address, length) -> data.add("%x+%x".formatted(address, length)));
      assertThat(data).containsExactly("40100000+40000", "405c0000+80000", "407c0000+40000");
      assertThat(Memories.bytes(memory, 0x40000000, bytes.length)).isEqualTo(bytes);
    }
  }

  @Test
  void leavesNoFileBehind() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    try (PhysicalMemory memory = MemoryImages.open(packed(new byte[4096]))) {
      try (Stream<Path> files = Files.list(temporary)) {
        assertThat(files.map(p -> p.getFileName().toString()))
            .noneMatch(n -> n.matches("kho4j-[0-9a-f]{9,}"));
      }
      assertThat(memory.contains(0, 4096)).isTrue();
    }
  }

  @Test
  void refusesZstdWithinZstd() throws IOException {
    Path once = packed(TestPages.counting(5000, 1));
    Path twice = packed(Files.readAllBytes(once));

    assertThatThrownBy(() -> MemoryImages.open(twice))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(twice + " is compressed more than once: by zstd, and inside by zstd");
  }

  @Test
  void namesTheFileAndThePlaceWhereItIsDamaged() throws IOException {
    Path path = packed(TestPages.counting(500_000, 1));
    byte[] bytes = Files.readAllBytes(path);
    Files.write(path, Arrays.copyOf(bytes, bytes.length - 1));

    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageMatching(
            "\\Q" + path + "\\E: zstd at offset 0x[0-9a-f]+: the input ends in the middle.*");
  }

  @Test
  void refusesAFrameOfNothing() throws IOException {
    Path path = packed(new byte[0]);

    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("is empty");
  }
}
