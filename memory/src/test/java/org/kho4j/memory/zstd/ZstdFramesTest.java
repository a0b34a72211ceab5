package org.kho4j.memory.zstd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import io.airlift.compress.v3.zstd.ZstdJavaOutputStream;
import io.airlift.compress.v3.zstd.ZstdNativeCompressor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.DataFormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.unpacked.DiskSpace;
import org.kho4j.memory.unpacked.SparseOutput;

class ZstdFramesTest {

  private static final byte[] MAGIC = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

  @TempDir Path directory;

  private byte[] decode(byte[] packed) throws IOException, DataFormatException {
    Path path = Files.createTempFile(directory, "out", "");
    try (FileChannel channel =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        SparseOutput out = new SparseOutput(channel, new DiskSpace(directory, path), 1L << 40)) {
      new ZstdFrames().decode(MemorySegment.ofArray(packed), out);
      out.finish();
    }
    byte[] bytes = Files.readAllBytes(path);
    Files.delete(path);
    return bytes;
  }

  private static byte[] encode(byte[] bytes) {
    ZstdJavaCompressor compressor = new ZstdJavaCompressor();
    byte[] out = new byte[compressor.maxCompressedLength(bytes.length)];
    return Arrays.copyOf(out, compressor.compress(bytes, 0, bytes.length, out, 0, out.length));
  }

  @ParameterizedTest
  @ValueSource(ints = {-5, 1, 3, 5, 9, 19})
  void decodesEveryLevelOfTheReferenceEncoder(int level) throws Exception {
    Random random = new Random(level);
    for (int length : new int[] {0, 1, 100, 4096, 131_071, 131_073, 700_000, 1_500_000}) {
      byte[] bytes = TestPages.likeMemory(length, random);
      ZstdNativeCompressor compressor = new ZstdNativeCompressor(level);
      byte[] packed = new byte[compressor.maxCompressedLength(length)];
      int size = compressor.compress(bytes, 0, length, packed, 0, packed.length);

      assertThat(decode(Arrays.copyOf(packed, size))).as("%d bytes", length).isEqualTo(bytes);
    }
  }

  @Test
  void copiesMatchesFromBeyondItsBuffer() throws Exception {
    // Noise that comes again after 3 MiB can only be a match that reaches back so far.
    byte[] noise = new byte[3 << 20];
    new Random(1).nextBytes(noise);
    byte[] bytes = Arrays.copyOf(noise, 3 * noise.length);
    System.arraycopy(noise, 0, bytes, noise.length, noise.length);
    System.arraycopy(noise, 100, bytes, 2 * noise.length, noise.length - 100);
    ZstdNativeCompressor compressor = new ZstdNativeCompressor(19);
    byte[] packed = new byte[compressor.maxCompressedLength(bytes.length)];
    int size = compressor.compress(bytes, 0, bytes.length, packed, 0, packed.length);

    assertThat(size).isLessThan(noise.length + 100_000);
    assertThat(decode(Arrays.copyOf(packed, size))).isEqualTo(bytes);
  }

  @Test
  void decodesAStreamOfUnknownLengthWithAChecksum() throws Exception {
    byte[] bytes = TestPages.likeMemory(1_000_000, new Random(3));
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (ZstdJavaOutputStream out = new ZstdJavaOutputStream(packed)) {
      out.write(bytes);
    }

    assertThat(decode(packed.toByteArray())).isEqualTo(bytes);
  }

  @Test
  void leavesHolesForZeros() throws Exception {
    byte[] bytes = new byte[50_000_000];
    bytes[20_000_001] = 1;
    byte[] packed = encode(bytes);
    Path path = directory.resolve("sparse");
    try (FileChannel channel =
            FileChannel.open(
                path,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        SparseOutput out = new SparseOutput(channel, new DiskSpace(directory, path), 1L << 40)) {
      new ZstdFrames().decode(MemorySegment.ofArray(packed), out);
      out.finish();
    }

    assertThat(Files.readAllBytes(path)).isEqualTo(bytes);
    assertThat((Long) Files.getAttribute(path, "unix:size")).isEqualTo(bytes.length);
  }

  @Test
  void decodesFramesOneAfterTheOther() throws Exception {
    byte[] one = TestPages.counting(5000, 1);
    byte[] two = TestPages.likeMemory(300_000, new Random(2));
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    packed.writeBytes(skippable(5));
    packed.writeBytes(encode(one));
    packed.writeBytes(skippable(0));
    packed.writeBytes(encode(two));
    packed.writeBytes(skippable(77));

    byte[] expected = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, expected, one.length, two.length);
    assertThat(decode(packed.toByteArray())).isEqualTo(expected);
    assertThat(ZstdFrames.matches(MemorySegment.ofArray(packed.toByteArray()))).isTrue();
    assertThat(ZstdFrames.matches(MemorySegment.ofArray(skippable(5)))).isFalse();
  }

  private static byte[] skippable(int length) {
    return ByteBuffer.allocate(8 + length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0x184D2A53)
        .putInt(length)
        .array();
  }

  /** A frame with a window of 8 MiB and these blocks, in hex. */
  private static byte[] frame(String descriptor, String rest) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(MAGIC);
    out.writeBytes(HexFormat.of().parseHex(descriptor));
    out.writeBytes(HexFormat.of().parseHex(rest.replace(" ", "")));
    return out.toByteArray();
  }

  @Test
  void decodesRawAndRepeatedBlocks() throws Exception {
    // 3 raw bytes; 5 times 'x'; 4100 zeros, last.
    byte[] bytes = decode(frame("0068", "180000 616263 2a0000 78 238000 00"));

    byte[] expected = Arrays.copyOf("abcxxxxx".getBytes(StandardCharsets.US_ASCII), 8 + 4100);
    assertThat(bytes).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0868, 010000, a frame header with its reserved bit set",
    "0168 05, 010000, a frame that needs a dictionary",
    "0068, 070000, a block of the reserved type 3",
    "0068, 190010 00, 'a block of 131075 bytes, 131072 are the most'",
    "0068, 050000, an empty block",
    "2004, 190000 616263, 'a frame of 3 bytes, its header says 4'",
    "0468, 190000 616263 00000000, 'a checksum of 0xad770999, the frame has 0x0'",
    "0068, 190000 6162, 'the input ends in the middle, after 11 bytes'",
    "0068, 180000 616263, 'the input ends in the middle, after 12 bytes'",
    "0068, 190000 616263 01, 'the input ends in the middle, after 13 bytes'",
    "0068, 190000 616263 01020304, 0x4030201 where a zstd frame should start"
  })
  void saysWhatIsWrong(String descriptor, String blocks, String sentence) {
    assertThatThrownBy(() -> decode(frame(descriptor.replace(" ", ""), blocks)))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(sentence);
  }

  @Test
  void refusesAStreamThatIsCutOff() {
    byte[] packed = encode(TestPages.likeMemory(200_000, new Random(8)));

    for (int length = 1; length < packed.length; length += 97) {
      byte[] cut = Arrays.copyOf(packed, length);
      assertThatThrownBy(() -> decode(cut))
          .as("cut to %d of %d", length, packed.length)
          .isInstanceOf(DataFormatException.class);
    }
  }

  /** What the peer takes, ours takes with the same result, but for a wrong size in the header. */
  @Test
  void agreesWithAircompressorOnDamagedStreams() {
    Random random = new Random(11);
    ZstdJavaDecompressor peer = new ZstdJavaDecompressor();
    ZstdPage ours = new ZstdPage();
    int taken = 0;
    for (int round = 0; round < 2_500; round++) {
      byte[] page = TestPages.likeMemory(4096 << random.nextInt(5), random);
      byte[] packed = encode(page);
      int changes = random.nextInt(3);
      for (int i = 0; i < changes; i++) {
        packed[random.nextInt(packed.length)] ^= (byte) (1 << random.nextInt(8));
      }
      byte[] one = new byte[page.length];
      byte[] other = new byte[page.length];
      int made;
      try {
        made = peer.decompress(packed, 0, packed.length, other, 0, other.length);
      } catch (RuntimeException e) {
        made = -1;
      }
      try {
        int size = ours.decode(Arrays.copyOf(packed, packed.length + 16), packed.length, one);
        if (made >= 0) {
          assertThat(size).as("round %d", round).isEqualTo(made);
          assertThat(one).as("round %d", round).isEqualTo(other);
          taken++;
        }
      } catch (DataFormatException e) {
        if (!e.getMessage().contains("its header says")) {
          assertThat(made).as("round %d: %s", round, e.getMessage()).isEqualTo(-1);
        }
      }
    }
    assertThat(taken).isGreaterThan(500);
  }
}
