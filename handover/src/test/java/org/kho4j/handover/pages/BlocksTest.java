package org.kho4j.handover.pages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BlocksTest {

  @Test
  void findsTheBlocksThatALoopFinds() {
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 20_000; i++) {
      // dense, so that large blocks occur
      long word = ~(1L << random.nextInt(64));
      for (int cleared = random.nextInt(8); cleared > 0; cleared--) {
        word &= ~(1L << random.nextInt(64));
      }
      word = random.nextInt(4) == 0 ? word & random.nextLong() : word;
      int largest = -1;
      for (int order = 0; order < Blocks.ORDERS; order++) {
        long free = 0;
        int alone = 0;
        for (int bit = 0; bit < 64; bit += 1 << order) {
          if (isFree(word, bit, order)) {
            free |= 1L << bit;
            largest = order;
            if (!isFree(word, bit & -(2 << order), order + 1)) {
              alone++;
            }
          }
        }
        assertThat(Blocks.free(word, order)).isEqualTo(free);
        assertThat(Blocks.countAlone(word, order)).isEqualTo(alone);
      }
      assertThat(Blocks.largest(word)).isEqualTo(largest);
    }
  }

  @Test
  void takesFromTheSmallestBlockThatSuffices() {
    // a pair at 62, a single at 5, 16 from 16 on
    long word = 0xc000_0000_ffff_0020L;
    assertThat(Blocks.best(0xc000_0000_ffff_0020L, 0)).isEqualTo(5);
    assertThat(Blocks.best(word, 1)).isEqualTo(62);
    assertThat(Blocks.best(word, 2)).isEqualTo(16);
    assertThat(Blocks.best(word, 4)).isEqualTo(16);
  }

  private static boolean isFree(long word, int bit, int order) {
    for (int at = bit; at < bit + (1 << order); at++) {
      if ((word >>> at & 1) == 0) {
        return false;
      }
    }
    return true;
  }
}
