package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.lzo.LzoCompressor;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.DamagedMemoryException;
import org.kho4j.memory.KdumpBuilder;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

class KdumpMemoryTest {

  private static final byte[] ONE = TestPages.counting(4096, 1);
  private static final byte[] TWO = TestPages.counting(4096, 2);
  private static final byte[] THREE = TestPages.counting(4096, 3);

  @TempDir Path directory;

  private Path path;

  private PhysicalMemory open(KdumpBuilder builder) throws IOException {
    path = builder.write(directory.resolve("dump"));
    return MemoryImages.open(path);
  }

  private PhysicalMemory open(ByteBuffer bytes) throws IOException {
    byte[] content = new byte[bytes.limit()];
    bytes.get(0, content);
    path = Files.write(directory.resolve("dump"), content);
    return MemoryImages.open(path);
  }

  @Test
  void readsPagesInEveryForm() throws IOException {
    byte[] page = TestPages.likeMemory(4096, new Random(1));
    try (PhysicalMemory memory = open(inEveryForm(page, 200))) {
      for (long frame : new long[] {3, 4, 5, 6, 200}) {
        assertThat(Memories.bytes(memory, frame << 12, 4096)).as("frame %d", frame).isEqualTo(page);
      }
      assertThat(Memories.ranges(memory)).containsExactly("0x3000+0x4000", "0xc8000+0x1000");
      assertThat(memory.read(0x3ffe, 2).isMapped()).isTrue();
      assertThat(memory.read(0x4000, 2).isReadOnly()).isTrue();
      assertThat(memory.source())
          .isEqualTo(
              new MemorySource(
                  path,
                  MemorySource.Kind.KDUMP,
                  Files.size(path),
                  MemorySource.Machine.X86_64,
                  OptionalInt.of(4096)));
    }
  }

  @Test
  void peeksIntoPagesInEveryForm() throws IOException {
    byte[] page = TestPages.likeMemory(4096, new Random(2));
    try (PhysicalMemory memory = open(inEveryForm(page, 7))) {
      for (long address = 0x3010; address < 0x8000; address += 0x1000) {
        for (int length : new int[] {1, 500, 4096 - 16}) {
          assertThat(memory.peek(address, length).asByteBuffer())
              .as("0x%x, %d", address, length)
              .isEqualTo(ByteBuffer.wrap(page, 16, length));
        }
      }
      assertThat(memory.peek(0x3000, 0x5000).mismatch(memory.read(0x3000, 0x5000))).isEqualTo(-1);
      assertThatThrownBy(() -> memory.peek(0x7f00, 0x101))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x8000));
    }
  }

  @Test
  void peeksIntoAPageThatIsCutOff() throws IOException {
    byte[] whole = KdumpBuilder.deflate(TestPages.likeMemory(4096, new Random(3)));
    byte[] cut = Arrays.copyOf(whole, whole.length / 2);
    try (PhysicalMemory memory = open(new KdumpBuilder().stored(1, KdumpBuilder.ZLIB, cut))) {
      assertThat(memory.peek(0x1000, 64).asByteBuffer())
          .isEqualTo(ByteBuffer.wrap(TestPages.likeMemory(4096, new Random(3)), 0, 64));
      assertThatThrownBy(() -> memory.read(0x1000, 64)).isInstanceOf(DamagedMemoryException.class);
      assertThatThrownBy(() -> memory.peek(0x1000, 4095))
          .isInstanceOf(DamagedMemoryException.class)
          .hasMessageContaining(", fewer than a page");
    }
  }

  /** A page in frames 3 to 6, and by zstd in another. */
  private static KdumpBuilder inEveryForm(byte[] page, long zstdFrame) {
    return new KdumpBuilder()
        .plain(3, page)
        .zlib(4, page)
        .stored(5, KdumpBuilder.LZO, compress(new LzoCompressor(), page))
        .stored(6, KdumpBuilder.SNAPPY, compress(new SnappyJavaCompressor(), page))
        .stored(zstdFrame, KdumpBuilder.ZSTD, compress(new ZstdJavaCompressor(), page));
  }

  static byte[] compress(io.airlift.compress.v3.Compressor compressor, byte[] page) {
    byte[] out = new byte[compressor.maxCompressedLength(page.length)];
    return Arrays.copyOf(out, compressor.compress(page, 0, page.length, out, 0, out.length));
  }

  @Test
  void readsAcrossPages() throws IOException {
    try (PhysicalMemory memory =
        open(new KdumpBuilder().zlib(1, ONE).plain(2, TWO).zlib(3, THREE))) {
      byte[] read = Memories.bytes(memory, 0x1ff0, 0x1020);

      assertThat(Arrays.copyOf(read, 16)).isEqualTo(Arrays.copyOfRange(ONE, 4080, 4096));
      assertThat(Arrays.copyOfRange(read, 16, 4112)).isEqualTo(TWO);
      assertThat(Arrays.copyOfRange(read, 4112, 4128)).isEqualTo(Arrays.copyOf(THREE, 16));
    }
  }

  @Test
  void readsManyPagesInParallel() throws IOException {
    KdumpBuilder builder = new KdumpBuilder().frames(4096);
    for (int frame = 0; frame < 1000; frame++) {
      builder.zlib(frame, TestPages.counting(4096, frame));
    }
    try (PhysicalMemory memory = open(builder)) {
      byte[] read = Memories.bytes(memory, 100, 1000 * 4096 - 200);

      IntStream.range(1, 999)
          .forEach(frame ->
              assertThat(Arrays.copyOfRange(read, frame * 4096 - 100, frame * 4096 + 3996))
                  .isEqualTo(TestPages.counting(4096, frame)));
    }
  }

  @Test
  void namesTheFirstDamagedPageOfMany() throws IOException {
    KdumpBuilder builder = new KdumpBuilder().frames(4096);
    for (int frame = 0; frame < 1000; frame++) {
      builder.zlib(frame, ONE);
    }
    builder.stored(500, KdumpBuilder.ZLIB, new byte[] {1, 2, 3});
    builder.stored(600, KdumpBuilder.ZLIB, new byte[] {1, 2, 3});
    builder.stored(999, KdumpBuilder.ZLIB, new byte[] {1, 2, 3});
    try (PhysicalMemory memory = open(builder)) {
      assertThatThrownBy(() -> memory.read(0, 1000 * 4096))
          .isInstanceOfSatisfying(
              DamagedMemoryException.class, e -> assertThat(e.address()).isEqualTo(500L << 12));
    }
  }

  @Test
  void tellsAbsentPagesFromZeros() throws IOException {
    try (PhysicalMemory memory =
        open(new KdumpBuilder().zlib(1, new byte[4096]).zlib(2, ONE).zlib(255, TWO))) {
      assertThat(Memories.bytes(memory, 0x1000, 4096)).containsOnly(0);
      assertThat(memory.contains(0x1000, 0x2000)).isTrue();
      assertThat(memory.contains(0xfff, 1)).isFalse();
      assertThat(memory.contains(0x1000, 0x2001)).isFalse();
      assertThat(memory.contains(0xff000, 0x1000)).isTrue();
      assertThat(memory.contains(0xff000, 0x1001)).isFalse();
      assertThat(memory.contains(0x1000, 0)).isTrue();
      assertThat(memory.contains(0x1000, -5)).isFalse();
      assertThat(memory.contains(-4096, 4096)).isFalse();
      assertThat(memory.contains(-4096, 0x101000)).as("up to the last frame").isFalse();
      assertThat(memory.contains(0x1000, Long.MAX_VALUE)).isFalse();
      assertThatThrownBy(() -> memory.read(0x2f00, 0x1000))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x3000))
          .hasMessage(path + " has no memory at 0x3000");
      assertThatThrownBy(() -> memory.read(0x3008, 8))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x3008));
      assertThatThrownBy(() -> memory.read(-16, 8)).isInstanceOf(AbsentMemoryException.class);
      assertThatThrownBy(() -> memory.read(Long.MAX_VALUE - 3, 8))
          .isInstanceOf(AbsentMemoryException.class);
    }
  }

  @Test
  void sharesAPageThatManyDescriptorsPointAt() throws IOException {
    KdumpBuilder builder = new KdumpBuilder().zlib(1, ONE).zlib(2, TWO).zlib(3, TWO);
    ByteBuffer bytes = builder.build();
    bytes.putLong(builder.descriptors() + 2 * 24, bytes.getLong(builder.descriptors()));
    bytes.putInt(builder.descriptors() + 2 * 24 + 8, bytes.getInt(builder.descriptors() + 8));

    try (PhysicalMemory memory = open(bytes)) {
      assertThat(Memories.bytes(memory, 0x3000, 4096)).isEqualTo(ONE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 16384, 65536})
  void readsEveryPageSize(int size) throws IOException {
    byte[] page = TestPages.likeMemory(size, new Random(size));
    byte[] zstd = compress(new ZstdJavaCompressor(), page);
    try (PhysicalMemory memory =
        open(
            new KdumpBuilder()
                .blockSize(size)
                .machine("aarch64")
                .zlib(2, page)
                .stored(3, KdumpBuilder.ZSTD, zstd))) {
      assertThat(Memories.bytes(memory, 2L * size, size)).isEqualTo(page);
      assertThat(Memories.bytes(memory, 3L * size, size)).isEqualTo(page);
      assertThat(memory.source().pageSize()).hasValue(size);
      assertThat(memory.source().machine()).isEqualTo(MemorySource.Machine.AARCH64);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void readsEveryHeaderVersion(int version) throws IOException {
    try (PhysicalMemory memory =
        open(new KdumpBuilder().version(version).frames(70_000).zlib(69_999, ONE))) {
      assertThat(Memories.bytes(memory, 69_999L << 12, 4096)).isEqualTo(ONE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 6})
  void readsOnePartOfASplitDump(int version) throws IOException {
    KdumpBuilder builder = new KdumpBuilder().version(version).split(70, 130);
    for (int frame = 60; frame < 140; frame++) {
      builder.zlib(frame, TestPages.counting(4096, frame));
    }
    try (PhysicalMemory memory = open(builder)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x46000+0x3c000");
      assertThat(Memories.bytes(memory, 70L << 12, 4096)).isEqualTo(TestPages.counting(4096, 70));
      assertThat(Memories.bytes(memory, 129L << 12, 4096)).isEqualTo(TestPages.counting(4096, 129));
      assertThat(memory.contains(69L << 12, 4096)).isFalse();
      assertThat(memory.contains(130L << 12, 1)).isFalse();
    }
  }

  @Test
  void readsADumpWithOneBitmapOnly() throws IOException {
    KdumpBuilder builder = new KdumpBuilder().plain(7, ONE).frames(256);
    ByteBuffer bytes = builder.build();
    // The descriptors are where the second bitmap was, the page is where it was.
    byte[] bitmap = new byte[4096];
    bytes.get(builder.bitmap(), bitmap);
    byte[] descriptor = new byte[24];
    bytes.get(builder.descriptors(), descriptor);
    bytes.put(8192, bitmap).put(12288, new byte[4096]).put(12288, descriptor).putInt(436, 1);

    try (PhysicalMemory memory = open(bytes)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x7000+0x1000");
      assertThat(Memories.bytes(memory, 0x7000, 4096)).isEqualTo(ONE);
    }
  }

  @Test
  void leavesOutPagesThatAnIncompleteDumpDidNotGetTo() throws IOException {
    KdumpBuilder builder =
        new KdumpBuilder().status(8).zlib(1, ONE).zlib(2, TWO).zlib(3, ONE).zlib(9, THREE);
    ByteBuffer bytes = builder.build();
    bytes.put(builder.descriptors() + 24, new byte[24]);

    try (PhysicalMemory memory = open(bytes)) {
      assertThat(Memories.ranges(memory))
          .containsExactly("0x1000+0x1000", "0x3000+0x1000", "0x9000+0x1000");
      assertThat(memory.contains(0x1000, 0x2000)).isFalse();
      assertThatThrownBy(() -> memory.read(0x1800, 0x1000))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x2000));
    }
  }

  @Test
  void countsADamagedPageAsThere() throws IOException {
    try (PhysicalMemory memory =
        open(new KdumpBuilder().stored(1, KdumpBuilder.ZLIB, new byte[] {1, 2, 3}))) {
      assertThat(memory.contains(0x1000, 4096)).isTrue();
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThatThrownBy(() -> memory.read(0x1010, 4))
          .isInstanceOfSatisfying(
              DamagedMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x1000))
          .hasMessageStartingWith(path + ": the page at 0x1000 is damaged: ");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0x7fffffffffffffff, 4096, 0, its 4096 bytes at 0x7fffffffffffffff are not in the file",
    "0x8000000000000000, 4096, 0, its 4096 bytes at 0x8000000000000000 are not in the file",
    "0x5000, 4097, 0, 'it is stored in 4097 bytes (flags 0x0), a page has 4096'",
    "0x5000, -1, 0, 'it is stored in 4294967295 bytes (flags 0x0), a page has 4096'",
    "0x5000, 4097, 1, 'it is stored in 4097 bytes (flags 0x1), a page has 4096'",
    "0x4018, 4096, 3, its compression flags are 0x3",
    "0x4018, 4096, 64, its compression flags are 0x40"
  })
  void saysWhatIsWrongWithADescriptor(String offset, int size, int flags, String sentence)
      throws IOException {
    KdumpBuilder builder = new KdumpBuilder().plain(1, ONE);
    ByteBuffer bytes = builder.build();
    bytes.putLong(builder.descriptors(), Long.parseUnsignedLong(offset.substring(2), 16));
    bytes.putInt(builder.descriptors() + 8, size).putInt(builder.descriptors() + 12, flags);

    try (PhysicalMemory memory = open(bytes)) {
      assertThatThrownBy(() -> memory.read(0x1000, 1))
          .isInstanceOf(DamagedMemoryException.class)
          .hasMessage(path + ": the page at 0x1000 is damaged: " + sentence);
    }
  }

  @Test
  void opensADumpThatWasCutOff() throws IOException {
    KdumpBuilder builder = new KdumpBuilder().plain(1, ONE).plain(2, TWO).plain(3, THREE);
    ByteBuffer whole = builder.build();

    ByteBuffer inPages = whole.limit(whole.capacity() - 4097);
    try (PhysicalMemory memory = open(inPages)) {
      assertThat(Memories.bytes(memory, 0x1000, 4096)).isEqualTo(ONE);
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThat(memory.contains(0x2000, 1)).isFalse();
      assertThat(memory.isRam(0x1000, 0x3000)).isTrue();
      assertThatThrownBy(() -> memory.read(0x2000, 1)).isInstanceOf(AbsentMemoryException.class);
      assertThat(memory.source().notes()).containsExactly(truncated(inPages, 0x2000));
    }
    ByteBuffer inDescriptors = whole.limit(builder.descriptors() + 30);
    try (PhysicalMemory memory = open(inDescriptors)) {
      assertThat(Memories.ranges(memory)).isEmpty();
      assertThatThrownBy(() -> memory.read(0x2000, 1)).isInstanceOf(AbsentMemoryException.class);
      assertThat(memory.source().notes()).containsExactly(truncated(inDescriptors, 0x3000));
    }
    ByteBuffer inBitmap = whole.limit(builder.descriptors() - 1);
    assertThatThrownBy(() -> open(inBitmap))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith("bytes of bitmap after its first block, and ends at 0x3fff");
  }

  private String truncated(ByteBuffer file, long missing) {
    return ("%s is truncated: it ends at offset 0x%x, and lacks 0x%x bytes of the memory that its"
            + " headers describe")
        .formatted(path, file.limit(), missing);
  }

  @Test
  void countsThePagesThatATruncatedPartLacks() throws IOException {
    KdumpBuilder builder = new KdumpBuilder().split(70, 80);
    for (int frame = 60; frame < 90; frame++) {
      builder.plain(frame, ONE);
    }
    ByteBuffer part = builder.build();
    part.limit(part.limit() - 3 * 4096);
    try (PhysicalMemory memory = open(part)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x46000+0x7000");
      assertThat(memory.source().notes()).hasSize(2).contains(truncated(part, 0x3000));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "8, 0, has kdump header version 0: little-endian versions 1 to 6 are read",
    "8, 0x6000000, has kdump header version 100663296: little-endian versions 1 to 6 are read",
    "428, 0, has kdump blocks of 0 bytes: a page has 4096 to 65536",
    "428, 5000, has kdump blocks of 5000 bytes: a page has 4096 to 65536",
    "428, -0x80000000, has kdump blocks of 2147483648 bytes: a page has 4096 to 65536",
    "436, 0, has a bitmap of 0x0 bytes for 256 frames",
    "4192, 0x1000000, has a bitmap of 0x2000 bytes for 16777216 frames"
  })
  void refusesHeadersThatCannotBeRead(int at, String value, String sentence) {
    ByteBuffer bytes = new KdumpBuilder().plain(1, ONE).build();
    bytes.putInt(at, Integer.decode(value));

    assertThatThrownBy(() -> open(bytes))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " " + sentence);
  }

  @Test
  void refusesMoreFramesThanItCanIndex() {
    ByteBuffer bytes = new KdumpBuilder().plain(1, ONE).build();
    bytes.putLong(4192, -1);

    assertThatThrownBy(() -> open(bytes))
        .hasMessage(
            path + " has 18446744073709551615 page frames: 68719476736 are the most that is read");
  }

  @ParameterizedTest
  @ValueSource(strings = {"i686", "i386", "armv7l", "ppc"})
  void refusesThe32BitLayout(String machine) {
    assertThatThrownBy(() -> open(new KdumpBuilder().machine(machine).plain(1, ONE)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " is the dump of a 32-bit machine (" + machine + ")");
  }

  @Test
  void saysThatItIsClosed() throws IOException {
    PhysicalMemory memory = open(new KdumpBuilder().zlib(1, ONE));
    memory.read(0x1000, 1);
    memory.close();
    memory.close();

    assertThatThrownBy(() -> memory.read(0x1000, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(path + " is closed");
    assertThatThrownBy(() -> memory.contains(0x1000, 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> memory.forEachRange((address, length) -> {}))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closesUnderReaders() throws Exception {
    KdumpBuilder builder = new KdumpBuilder().frames(4096);
    for (int frame = 0; frame < 3000; frame++) {
      builder.zlib(frame, ONE);
    }
    for (int round = 0; round < 20; round++) {
      PhysicalMemory memory = open(builder);
      Thread[] readers = new Thread[4];
      Throwable[] ends = new Throwable[4];
      for (int i = 0; i < readers.length; i++) {
        int reader = i;
        readers[i] =
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    for (long frame = reader; ; frame = (frame + 7) % 3000) {
                      memory.read(frame << 12, 8);
                    }
                  } catch (Throwable e) {
                    ends[reader] = e;
                  }
                });
      }
      memory.read(0, 1 << 20);
      memory.close();
      for (Thread reader : readers) {
        reader.join();
      }
      assertThat(ends)
          .allSatisfy(e ->
              assertThat(e)
                  .isInstanceOf(IllegalStateException.class)
                  .hasMessage(path + " is closed"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"small-zlib.kdump", "small-lzo.kdump", "small-zstd.kdump", "small-zlib.flat"})
  void readsWhatMakedumpfileMadeOfACore(String name) throws IOException {
    try (PhysicalMemory core = MemoryImages.open(KernelDumps.small("small-core.elf", directory));
        PhysicalMemory dump = MemoryImages.open(KernelDumps.small(name, directory))) {
      assertThat(Memories.ranges(dump)).isEqualTo(Memories.ranges(core));
      core.forEachRange((address, length) ->
          assertThat(Memories.bytes(dump, address, length))
              .isEqualTo(Memories.bytes(core, address, length)));
    }
  }
}
