package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.lzo.LzoCompressor;
import io.airlift.compress.v3.lzo.LzoDecompressor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.DataFormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.memory.TestPages;

class Lzo1xTest {

  private static String decode(String hex, int room) throws DataFormatException {
    byte[] in = HexFormat.ofDelimiter(" ").parseHex(hex);
    byte[] out = new byte[room];
    int made = Lzo1x.decode(in, in.length, out);
    return new String(out, 0, made, StandardCharsets.US_ASCII);
  }

  @ParameterizedTest
  @CsvSource({
    // 17 + n literals at the start, then the end.
    "15 61 62 63 64 11 00 00, abcd",
    "12 61 11 00 00, a",
    // A run of 4 literals by the ordinary instruction.
    "01 61 62 63 64 11 00 00, abcd",
    // A run of 3 + 15 + 1.
    "00 01 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 11 00 00, aaaaaaaaaaaaaaaaaaa",
    // 01LDDDSS: 3 bytes from 4 back, one literal after it.
    "15 61 62 63 64 4d 00 65 11 00 00, abcdabce",
    // 11LDDDSS: 7 bytes from 2 back: they repeat.
    "15 61 62 63 64 c4 00 11 00 00, abcdcdcdcdc",
    // 001LLLLL: 2 + 3 bytes from 1 back.
    "15 61 62 63 64 23 00 00 11 00 00, abcdddddd",
    // 0000DDSS after one literal: 2 bytes from 1 back.
    "12 61 00 00 11 00 00, aaa",
  })
  void decodesInstructions(String hex, String text) throws DataFormatException {
    assertThat(decode(hex, 64)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "'', 64, its lzo stream is cut off",
    "15 61 62, 64, an lzo run of 4 literals does not fit",
    "15 61 62 63 64, 64, its lzo stream is cut off",
    "15 61 62 63 64 11 00 00 00, 64, its lzo stream ends 1 bytes early",
    "15 61 62 63 64 11 00 00, 3, an lzo run of 4 literals does not fit",
    "15 61 62 63 64 50 00 11 00 00, 64, an lzo match of 3 bytes from 5 back at 4",
    "15 61 62 63 64 c4 00 11 00 00, 8, an lzo match of 7 bytes from 2 back at 4",
    "00 00 00 00, 64, its lzo stream is cut off",
  })
  void saysWhatIsWrong(String hex, int room, String sentence) {
    byte[] in = hex.isEmpty() ? new byte[0] : HexFormat.ofDelimiter(" ").parseHex(hex);
    assertThatThrownBy(() -> Lzo1x.decode(in, in.length, new byte[room]))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(sentence);
  }

  @Test
  void agreesWithAircompressor() throws DataFormatException {
    LzoDecompressor peer = new LzoDecompressor();
    Random random = new Random(9);
    for (int round = 0; round < 300; round++) {
      byte[] page = TestPages.likeMemory(1 + random.nextInt(1 << 17), random);
      byte[] packed = KdumpMemoryTest.compress(new LzoCompressor(), page);
      byte[] ours = new byte[page.length];
      byte[] theirs = new byte[page.length];
      assertThat(Lzo1x.decode(packed, packed.length, ours)).isEqualTo(page.length);
      assertThat(peer.decompress(packed, 0, packed.length, theirs, 0, theirs.length))
          .isEqualTo(page.length);
      assertThat(ours).isEqualTo(theirs);
    }
  }

  @Test
  void agreesWithAircompressorOnDamagedStreams() {
    LzoDecompressor peer = new LzoDecompressor();
    Random random = new Random(10);
    for (int round = 0; round < 5_000; round++) {
      byte[] page = TestPages.likeMemory(4096, random);
      byte[] packed = KdumpMemoryTest.compress(new LzoCompressor(), page);
      packed[random.nextInt(packed.length)] = (byte) random.nextInt(256);
      byte[] ours = new byte[4096];
      try {
        int made = Lzo1x.decode(packed, packed.length, ours);
        byte[] theirs = new byte[4096];
        int made2 = peer.decompress(packed, 0, packed.length, theirs, 0, theirs.length);
        assertThat(made).isEqualTo(made2);
        assertThat(Arrays.copyOf(ours, made)).isEqualTo(Arrays.copyOf(theirs, made));
      } catch (DataFormatException | MalformedInputException e) {
        assertThat(e).hasMessageMatching("(?s).+");
      }
    }
  }
}
