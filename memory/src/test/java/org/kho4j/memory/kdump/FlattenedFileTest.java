package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.KdumpBuilder;
import org.kho4j.memory.Memories;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

class FlattenedFileTest {

  @TempDir Path directory;

  private final ByteArrayOutputStream file = new ByteArrayOutputStream();
  private Path path;

  private FlattenedFileTest header() {
    ByteBuffer header = ByteBuffer.allocate(4096);
    header.put("makedumpfile".getBytes(StandardCharsets.US_ASCII)).putLong(16, 1).putLong(24, 1);
    file.writeBytes(header.array());
    return this;
  }

  private FlattenedFileTest record(long offset, byte... bytes) {
    file.writeBytes(ByteBuffer.allocate(16).putLong(offset).putLong(bytes.length).array());
    file.writeBytes(bytes);
    return this;
  }

  private FlattenedFileTest end() {
    file.writeBytes(ByteBuffer.allocate(16).putLong(-1).putLong(-1).array());
    return this;
  }

  private MappedFile write() throws IOException {
    path = Files.write(directory.resolve("flat"), file.toByteArray());
    return MappedFile.open(path);
  }

  private static byte[] all(DumpBytes dump) {
    return dump.get(0, dump.size()).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
  }

  @Test
  void findsEachByteWhereARecordPutIt() throws IOException {
    try (MappedFile mapped =
        header().record(4, b(5, 6)).record(0, b(1, 2)).record(7, b(8)).end().write()) {
      DumpBytes dump = FlattenedFile.open(mapped);

      assertThat(all(dump)).containsExactly(1, 2, 0, 0, 5, 6, 0, 8);
      assertThat(dump.size()).isEqualTo(8);
      assertThat(dump.has(4, 2)).isTrue();
      assertThat(dump.has(4, 3)).isFalse();
      assertThat(dump.has(2, 1)).isFalse();
      assertThat(dump.has(7, 1)).isTrue();
      assertThat(dump.has(8, 1)).isFalse();
      assertThat(dump.has(-1, 1)).isFalse();
      assertThat(dump.get(4, 2).isMapped()).isTrue();
    }
  }

  private static byte[] b(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Test
  void takesWhatALaterRecordWroteOverAnEarlierOne() throws IOException {
    try (MappedFile mapped =
        header()
            .record(0, b(1, 1, 1, 1, 1, 1))
            .record(2, b(2, 2))
            .record(5, b(3, 3))
            .record(0, b(4))
            .end()
            .write()) {
      assertThat(all(FlattenedFile.open(mapped))).containsExactly(4, 1, 2, 2, 1, 3, 3);
    }
  }

  @Test
  void agreesWithWritingRecordsOneAfterTheOther() throws IOException {
    Random random = new Random(42);
    for (int round = 0; round < 200; round++) {
      file.reset();
      header();
      byte[] expected = new byte[300];
      int size = 0;
      for (int i = 0; i < 1 + random.nextInt(60); i++) {
        byte[] piece = new byte[1 + random.nextInt(random.nextInt(10) == 0 ? 100 : 12)];
        random.nextBytes(piece);
        int offset = random.nextInt(expected.length - piece.length);
        record(offset, piece);
        System.arraycopy(piece, 0, expected, offset, piece.length);
        size = Math.max(size, offset + piece.length);
      }
      try (MappedFile mapped = end().write()) {
        assertThat(all(FlattenedFile.open(mapped)))
            .as("round %d", round)
            .isEqualTo(Arrays.copyOf(expected, size));
      }
    }
  }

  @Test
  void readsADumpInPiecesOfAnyOrder() throws IOException {
    byte[] page = TestPages.likeMemory(4096, new Random(7));
    KdumpBuilder builder = new KdumpBuilder().frames(100_000);
    for (int frame = 10; frame < 90; frame++) {
      builder.zlib(frame * 1000L, page);
    }
    byte[] plain = builder.build().array();
    List<Integer> offsets = new ArrayList<>();
    for (int at = 0; at < plain.length; at += 333) {
      offsets.add(at);
    }
    Collections.shuffle(offsets, new Random(1));
    header();
    for (int at : offsets) {
      record(at, Arrays.copyOfRange(plain, at, Math.min(at + 333, plain.length)));
    }
    end().write().close();

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      for (int frame = 10; frame < 90; frame++) {
        assertThat(Memories.bytes(memory, (frame * 1000L) << 12, 4096)).isEqualTo(page);
      }
      assertThat(Memories.ranges(memory)).hasSize(80);
    }
  }

  @Test
  void readsWhatThereIsOfAFileThatWasCutOff() throws IOException {
    byte[] page = TestPages.counting(4096, 1);
    byte[] plain = new KdumpBuilder().plain(1, page).plain(2, page).build().array();
    header().record(0, Arrays.copyOf(plain, plain.length - 4096));
    record(plain.length - 4096, Arrays.copyOf(page, 4096));
    byte[] whole = file.toByteArray();
    path = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, whole.length - 1));

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(Memories.bytes(memory, 0x1000, 4096)).isEqualTo(page);
      assertThatThrownBy(() -> memory.read(0x2000, 1)).isInstanceOf(AbsentMemoryException.class);
      assertThat(memory.source().notes())
          .containsExactly(
              ("%s is truncated: it ends at offset 0x%x, and lacks 0x1000 bytes of the memory that"
                      + " its headers describe")
                  .formatted(path, whole.length - 1));
    }
    Files.write(path, whole);
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(Memories.bytes(memory, 0x2000, 4096)).isEqualTo(page);
      assertThat(memory.source().notes())
          .containsExactly(
              "%s is truncated: it ends at offset 0x%x, without the record that ends the flattened form"
                  .formatted(path, whole.length));
    }
  }

  /** The records of the first page and of all descriptors but the first are lost. */
  @Test
  void whatNoRecordOfATruncatedFileHasIsAbsent() throws IOException {
    byte[] page = TestPages.counting(4096, 1);
    KdumpBuilder builder = new KdumpBuilder().frames(40_000);
    for (int frame = 0; frame < 20_000; frame++) {
      builder.stored(frame, KdumpBuilder.ZLIB, KdumpBuilder.deflate(page));
    }
    byte[] plain = builder.build().array();
    int first = builder.descriptors() + 20_000 * 24;
    int length = KdumpBuilder.deflate(page).length;
    header().record(0, Arrays.copyOf(plain, builder.descriptors() + 2 * 24));
    record(first + length, Arrays.copyOfRange(plain, first + length, plain.length)).write().close();

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThat(Memories.bytes(memory, 0x1000, 4096)).isEqualTo(page);
      assertThat(memory.source().notes())
          .containsExactly(
              ("%s is truncated: it ends at offset 0x%x, and lacks 0x4e1f000 bytes of the memory"
                      + " that its headers describe")
                  .formatted(path, Files.size(path)));
    }
  }

  /** A dump of a machine with 2^36 page frames in records of some KiB. */
  @Test
  @Timeout(20)
  void skipsTheGapsBetweenRecords() throws IOException {
    byte[] page = TestPages.counting(4096, 1);
    long frames = KdumpHeader.MAX_FRAMES;
    KdumpBuilder small = new KdumpBuilder().plain(7, page);
    byte[] plain = small.build().array();
    ByteBuffer head = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
    long bitmap = frames / 8;
    long descriptors = 2 * 4096 + 2 * bitmap;
    head.putInt(436, (int) (2 * bitmap / 4096)).putLong(4096 + 96, frames);
    head.putLong(small.descriptors(), descriptors + 24);
    header()
        .record(0, Arrays.copyOf(plain, 8192))
        .record(8192 + bitmap, Arrays.copyOfRange(plain, small.bitmap(), small.bitmap() + 32))
        .record(8192 + frames / 16, b(0x81))
        .record(descriptors, Arrays.copyOfRange(plain, small.descriptors(), plain.length))
        .end()
        .write()
        .close();

    try (PhysicalMemory memory = MemoryImages.open(path)) {
      for (int round = 0; round < 10; round++) {
        assertThat(Memories.ranges(memory)).containsExactly("0x7000+0x1000");
      }
      assertThat(Memories.bytes(memory, 0x7000, 4096)).isEqualTo(page);
      assertThat(memory.isRam(1L << 47, 0x1000)).isTrue();
      assertThat(memory.isRam((1L << 47) + 0x1000, 0x1000)).isFalse();
      assertThat(memory.isRam((1L << 47) + 0x7000, 0x1000)).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-2, 5, 'has at offset 0x1000 a record of 0x5 bytes for offset 0xfffffffffffffffe of the dump'",
    "0, -1, 'has at offset 0x1000 a record of 0xffffffffffffffff bytes for offset 0x0 of the dump'",
    "0, 0, 'has at offset 0x1000 a record of 0x0 bytes for offset 0x0 of the dump'",
    "9223372036854775807, 1,"
        + " 'has at offset 0x1000 a record of 0x1 bytes for offset 0x7fffffffffffffff of the dump'"
  })
  void refusesRecordsThatOverflow(long offset, long length, String sentence) throws IOException {
    header();
    file.writeBytes(ByteBuffer.allocate(64).putLong(offset).putLong(length).array());
    try (MappedFile mapped = write()) {
      assertThatThrownBy(() -> FlattenedFile.open(mapped))
          .isInstanceOf(MalformedImageException.class)
          .hasMessage(path + " " + sentence);
    }
  }

  @Test
  void refusesAnotherVersionAndAHeaderThatIsCutOff() throws IOException {
    header();
    byte[] bytes = file.toByteArray();
    bytes[31] = 2;
    path = Files.write(directory.resolve("flat"), bytes);
    assertThatThrownBy(() -> MemoryImages.open(path))
        .hasMessage(path + " has the flattened form's type 1, version 2: 1, 1 is read");

    Files.write(path, Arrays.copyOf(bytes, 4095));
    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith("ends within the header of the flattened form: it has 4096 bytes");

    Files.write(path, Arrays.copyOf(bytes, 4096));
    bytes[31] = 1;
    Files.write(path, bytes);
    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith("does not have a kdump header, which has 464 bytes");
  }

  @Test
  void refusesMoreRecordsThanWritersMake() throws IOException {
    header();
    for (int i = 0; i <= FlattenedFile.MIN_RECORDS; i++) {
      record(i, (byte) 1);
    }
    try (MappedFile mapped = end().write()) {
      assertThatThrownBy(() -> FlattenedFile.open(mapped))
          .hasMessage(path + " has more than 65536 records, which no writer makes");
    }
  }

  @Test
  void refusesAPileOfRecords() throws IOException {
    header();
    for (int i = 0; i < 3000; i++) {
      record(3000 - i, new byte[i + 1]);
    }
    try (MappedFile mapped = end().write()) {
      assertThatThrownBy(() -> FlattenedFile.open(mapped))
          .isInstanceOf(MalformedImageException.class)
          .hasMessageContaining("has more than 1024 records over one another at offset 0x");
    }
  }
}
