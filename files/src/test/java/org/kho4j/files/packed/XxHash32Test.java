package org.kho4j.files.packed;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class XxHash32Test {

  /** Values that xxHash's own programs print. */
  @ParameterizedTest
  @CsvSource({
    "'', 02cc5d05",
    "a, 550d7456",
    "abc, 32d153ff",
    "Nobody inspects the spammish repetition, e2293b2f"
  })
  void hasTheValueOfXxHash(String text, String value) {
    assertThat(XxHash32.of(text.getBytes(StandardCharsets.US_ASCII)))
        .isEqualTo(Integer.parseUnsignedInt(value, 16));
  }

  @Test
  void isTheSameForAnyPieces() {
    byte[] bytes = new byte[1000];
    Random random = new Random(1);
    random.nextBytes(bytes);
    for (int round = 0; round < 100; round++) {
      XxHash32 hash = new XxHash32();
      for (int at = 0; at < bytes.length; ) {
        int piece = Math.min(bytes.length - at, random.nextInt(40));
        hash.update(bytes, at, piece);
        at += piece;
      }
      assertThat(hash.value()).isEqualTo(XxHash32.of(bytes));
    }
  }
}
