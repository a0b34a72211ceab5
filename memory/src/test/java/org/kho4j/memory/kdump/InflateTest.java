package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.memory.TestPages;

class InflateTest {

  private final Inflate inflate = new Inflate();

  private int decode(byte[] packed, byte[] out) throws DataFormatException {
    int made =
        inflate.decode(
            Arrays.copyOf(packed, packed.length + PageCodec.SLACK), 0, packed.length, out);
    assertThat(inflate.position()).isLessThanOrEqualTo(packed.length);
    return made;
  }

  private static byte[] encode(byte[] bytes, int level, int strategy) {
    try (Deflater deflater = new Deflater(level, true)) {
      deflater.setStrategy(strategy);
      deflater.setInput(bytes);
      deflater.finish();
      byte[] out = new byte[2 * bytes.length + 64];
      int made = 0;
      while (!deflater.finished()) {
        made += deflater.deflate(out, made, out.length - made);
      }
      return Arrays.copyOf(out, made);
    }
  }

  @Test
  void decodesEveryLevelAndStrategyOfZlib() throws DataFormatException {
    Random random = new Random(1);
    for (int round = 0; round < 600; round++) {
      byte[] bytes =
          TestPages.likeMemory(1 + random.nextInt(round % 10 == 0 ? 1 << 18 : 9000), random);
      int strategy = random.nextInt(3);
      byte[] packed = encode(bytes, random.nextInt(10), strategy);
      byte[] out = new byte[bytes.length];
      assertThat(decode(packed, out)).isEqualTo(bytes.length);
      assertThat(inflate.position()).isEqualTo(packed.length);
      assertThat(out).as("round %d", round).isEqualTo(bytes);
    }
  }

  /** Text in which few bytes are frequent has codes longer than the first table's bits. */
  @Test
  void decodesCodesOfEveryLength() throws DataFormatException {
    Random random = new Random(2);
    for (int round = 0; round < 300; round++) {
      byte[] bytes = new byte[60_000];
      double skew = 1 + random.nextDouble(12);
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (256 * Math.pow(random.nextDouble(), skew));
      }
      byte[] packed = encode(bytes, 1 + random.nextInt(9), random.nextInt(3));
      byte[] out = new byte[bytes.length];
      decode(packed, out);
      assertThat(out).as("round %d", round).isEqualTo(bytes);
    }
  }

  @Test
  void agreesWithTheJdkOnDamagedStreams() {
    Random random = new Random(3);
    int taken = 0;
    for (int round = 0; round < 8_000; round++) {
      byte[] page = TestPages.likeMemory(4096, random);
      byte[] packed = encode(page, random.nextInt(10), random.nextInt(3));
      for (int i = random.nextInt(3); i > 0; i--) {
        packed[random.nextInt(Math.min(packed.length, 1 << random.nextInt(12)))] ^=
            (byte) (1 << random.nextInt(8));
      }
      byte[] theirs = new byte[4096];
      int expected = jdk(packed, theirs);
      byte[] ours = new byte[4096];
      int made;
      try {
        made = decode(packed, ours);
      } catch (DataFormatException e) {
        assertThat(e.getMessage()).isNotEmpty();
        made = -1;
      }
      assertThat(made).as("round %d", round).isEqualTo(expected);
      if (made >= 0) {
        assertThat(Arrays.copyOf(ours, made)).isEqualTo(Arrays.copyOf(theirs, made));
        taken++;
      }
    }
    assertThat(taken).isBetween(2_000, 7_000);
  }

  /** What the JDK makes of it, or -1 if it refuses or would need more room. */
  private static int jdk(byte[] packed, byte[] out) {
    try (Inflater inflater = new Inflater(true)) {
      inflater.setInput(packed);
      int made = 0;
      while (!inflater.finished()) {
        int more =
            made < out.length
                ? inflater.inflate(out, made, out.length - made)
                : inflater.inflate(new byte[1]);
        if ((more == 0 && !inflater.finished()) || made + more > out.length) {
          return -1;
        }
        made += more;
      }
      return made;
    } catch (DataFormatException e) {
      return -1;
    }
  }

  @ParameterizedTest
  @CsvSource({
    // A stored block of 3 bytes; the same in two blocks; a fixed block that repeats a letter.
    "01 03 00 fc ff 61 62 63, abc",
    "00 01 00 fe ff 61 01 02 00 fd ff 62 63, abc",
    "4b 4c 04 02 00, aaaaa",
  })
  void decodesBlocks(String hex, String text) throws DataFormatException {
    byte[] out = new byte[16];
    int made = decode(HexFormat.ofDelimiter(" ").parseHex(hex), out);
    assertThat(new String(out, 0, made, StandardCharsets.US_ASCII)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "07, a deflate block of the reserved type 3",
    "01 03 00 fc, its deflate stream is cut off",
    "01 03 00 fc ff 61 62, its deflate stream is cut off",
    "01 03 00 fd ff 61 62 63, a stored deflate block with a wrong length",
    "01 20 00 df ff 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61"
        + " 61 61 61 61 61, it decompresses to more than 16 bytes",
    "4b 04, its deflate stream is cut off",
    "03, its deflate stream is cut off",
    "05 ff ff, a deflate block of 257 literal and 32 distance codes",
  })
  void saysWhatIsWrong(String hex, String sentence) {
    assertThatThrownBy(() -> decode(HexFormat.ofDelimiter(" ").parseHex(hex), new byte[16]))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(sentence);
  }
}
