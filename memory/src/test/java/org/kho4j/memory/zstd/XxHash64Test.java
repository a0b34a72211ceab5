package org.kho4j.memory.zstd;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.compress.v3.xxhash.XxHash64JavaHasher;
import java.util.Random;
import org.junit.jupiter.api.Test;

class XxHash64Test {

  @Test
  void agreesWithAircompressorWhateverThePieces() {
    Random random = new Random(1);
    XxHash64 hash = new XxHash64();
    for (int round = 0; round < 2_000; round++) {
      byte[] bytes = new byte[random.nextInt(random.nextBoolean() ? 100 : 10_000)];
      if (round % 3 != 0) {
        random.nextBytes(bytes);
      }
      hash.reset();
      int at = 0;
      while (at < bytes.length) {
        int piece = Math.min(bytes.length - at, 1 + random.nextInt(3000));
        if (round % 3 == 0) {
          hash.zeros(piece);
        } else {
          hash.update(bytes, at, piece);
        }
        at += piece;
      }
      assertThat(hash.digest())
          .as("%d bytes", bytes.length)
          .isEqualTo(XxHash64JavaHasher.hash(bytes, 0, bytes.length, 0));
    }
  }

  @Test
  void takesZerosBetweenOtherBytes() {
    byte[] bytes = new byte[5000];
    bytes[10] = 7;
    bytes[4990] = 9;
    XxHash64 hash = new XxHash64();
    hash.reset();
    hash.update(bytes, 0, 17);
    hash.zeros(4900);
    hash.update(bytes, 4917, 83);

    assertThat(hash.digest()).isEqualTo(XxHash64JavaHasher.hash(bytes, 0, bytes.length, 0));
  }
}
