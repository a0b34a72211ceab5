package org.kho4j.files.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;

class ZstdFileTest {

  private static final byte[] MAGIC = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

  @TempDir Path directory;

  private byte[] decode(byte[] packed) throws IOException {
    return Unpacking.unpack(directory, packed);
  }

  @ParameterizedTest
  @ValueSource(ints = {-5, 1, 3, 9, 19})
  void decodesEveryLevel(int level) throws Exception {
    for (int length : new int[] {0, 1, 100, 4096, 131_071, 131_073, 700_000, 1_500_000}) {
      byte[] bytes = Unpacking.content(length);
      byte[] packed = Zstd.compress(bytes, level);

      if (length == 0) {
        assertThatThrownBy(() -> decode(packed)).hasMessageContaining(" is empty");
      } else {
        assertThat(decode(packed)).as("%d bytes", length).isEqualTo(bytes);
      }
    }
  }

  @Test
  void copiesMatchesFromFarBack() throws Exception {
    // Noise that comes again after 3 MiB can only be a match that reaches back so far.
    byte[] noise = new byte[3 << 20];
    new Random(1).nextBytes(noise);
    byte[] bytes = Arrays.copyOf(noise, 3 * noise.length);
    System.arraycopy(noise, 0, bytes, noise.length, noise.length);
    System.arraycopy(noise, 100, bytes, 2 * noise.length, noise.length - 100);
    byte[] packed = Zstd.compress(bytes, 19);

    assertThat(packed).hasSizeLessThan(noise.length + 100_000);
    assertThat(decode(packed)).isEqualTo(bytes);
  }

  @Test
  void decodesAStreamOfUnknownLengthWithAChecksum() throws Exception {
    byte[] bytes = Unpacking.content(1_000_000);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (ZstdOutputStream out = new ZstdOutputStream(packed).setChecksum(true)) {
      out.write(bytes);
    }

    assertThat(decode(packed.toByteArray())).isEqualTo(bytes);
  }

  @Test
  void leavesHolesForZeros() throws Exception {
    byte[] bytes = new byte[50_000_000];
    bytes[20_000_001] = 1;
    Path path = Files.write(directory.resolve("sparse.zst"), Zstd.compress(bytes));

    assertThat(Unpacking.unpack(path)).isEqualTo(bytes);
    try (MappedFile file = MappedFile.open(path);
        MappedFile unpacked =
            Packing.ZSTD.unpack(path, file.bytes(), 0, Spool.DEFAULT.withLimit(1L << 30))) {
      List<String> data = new ArrayList<>();
      unpacked.forEachData(0, unpacked.size(), (at, length) -> data.add(at + " " + length));
      assertThat(data).containsExactly("19922944 262144");
    }
  }

  @Test
  void decodesFramesOneAfterTheOther() throws Exception {
    byte[] one = Unpacking.content(5000);
    byte[] two = Unpacking.content(300_000);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    packed.writeBytes(skippable(5));
    packed.writeBytes(Zstd.compress(one));
    packed.writeBytes(skippable(0));
    packed.writeBytes(Zstd.compress(two));
    packed.writeBytes(skippable(77));

    byte[] expected = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, expected, one.length, two.length);
    assertThat(decode(packed.toByteArray())).isEqualTo(expected);
    assertThat(ZstdFile.matches(MemorySegment.ofArray(packed.toByteArray()))).isTrue();
    assertThat(ZstdFile.matches(MemorySegment.ofArray(skippable(5)))).isFalse();
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
    out.writeBytes(HexFormat.of().parseHex(descriptor.replace(" ", "")));
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
    "0868, 010000, Unsupported frame parameter",
    "0168 05, 010000, Dictionary mismatch",
    "0068, 070000, Data corruption detected",
    "0068, 190010 00, Data corruption detected",
    "2004, 190000 616263, Data corruption detected",
    "0468, 190000 616263 00000000, Restored data doesn't match checksum",
    "00b0, 190000 616263, Frame requires too much memory for decoding",
    "0068, 190000 6162, 'the input ends in the middle, after 11 bytes'",
    "0068, 180000 616263, 'the input ends in the middle, after 12 bytes'",
    "0068, 190000 616263 01, Unknown frame descriptor",
    "0068, 190000 616263 01020304, Unknown frame descriptor"
  })
  void saysWhatIsWrong(String descriptor, String blocks, String sentence) {
    assertThatThrownBy(() -> decode(frame(descriptor, blocks)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageMatching(
            "\\Q" + directory.resolve("packed") + "\\E: zstd at offset 0x[0-9a-f]+: " + sentence);
  }

  /** A header alone may ask for 2 GiB of window: memory that is not touched. */
  @Test
  void takesAWindowOf2GiB() throws Exception {
    assertThat(decode(frame("00a8", "190000 616263"))).containsExactly('a', 'b', 'c');
  }

  @Test
  void refusesAStreamThatIsCutOff() {
    byte[] packed = Zstd.compress(Unpacking.content(200_000));

    for (int length = 4; length < packed.length; length += 97) {
      byte[] cut = Arrays.copyOf(packed, length);
      assertThatThrownBy(() -> decode(cut))
          .as("cut to %d of %d", length, packed.length)
          .isInstanceOf(MalformedImageException.class)
          .hasMessageEndingWith("the input ends in the middle, after " + length + " bytes");
    }
  }
}
