package org.kho4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RunsTest {

  @Test
  void joinsRunsThatTouch() {
    Runs runs =
        Runs.collect(to -> {
          to.range(0x1000, 0x1000);
          to.range(0x2000, 0x3000);
          to.range(0x9000, 0x1000);
          to.range(0x8000, 0x1000);
        });

    assertThat(runs.count()).isEqualTo(3);
    assertThat(runs.size()).isEqualTo(0x6000);
    assertThat(runs.address(0)).isEqualTo(0x1000);
    assertThat(runs.length(0)).isEqualTo(0x4000);
    assertThat(runs.address(2)).isEqualTo(0x8000);
    assertThat(runs.offset(2)).isEqualTo(0x5000);
  }

  /** As many runs as are kept together have one length, but for one that was joined. */
  @Test
  void keepsRunsOfOneLengthAndAnotherAmongThem() {
    for (int odd : new int[] {-1, 0, 17, 4095, 4096, 9_999}) {
      Runs runs =
          Runs.collect(to -> {
            for (int i = 0; i < 10_000; i++) {
              to.range(0x10_000L * i, 0x1000);
              if (i == odd) {
                to.range(0x10_000L * i + 0x1000, 0x3000);
              }
            }
          });

      assertThat(runs.count()).isEqualTo(10_000);
      long offset = 0;
      for (int run = 0; run < runs.count(); run++) {
        assertThat(runs.address(run)).isEqualTo(0x10_000L * run);
        assertThat(runs.length(run)).isEqualTo(run == odd ? 0x4000 : 0x1000);
        assertThat(runs.offset(run)).isEqualTo(offset);
        assertThat(runs.indexOf(offset)).isEqualTo(run);
        offset += runs.length(run);
        assertThat(runs.indexOf(offset - 1)).isEqualTo(run);
      }
      assertThat(runs.size()).isEqualTo(offset);
    }
  }

  @Test
  void hasNoRunsWhenNoneWereGiven() {
    Runs runs = Runs.collect(_ -> {});

    assertThat(runs.count()).isZero();
    assertThat(runs.size()).isZero();
  }

  @Test
  void findsTheRunOfEveryOffset() {
    SplittableRandom random = new SplittableRandom(7);
    long[] ends = new long[20_000];
    Runs runs =
        Runs.collect(to -> {
          long address = 0;
          long size = 0;
          for (int i = 0; i < ends.length; i++) {
            long length = random.nextLong(1, 5);
            to.range(address, length);
            address += length + 1;
            size += length;
            ends[i] = size;
          }
        });

    assertThat(runs.count()).isEqualTo(ends.length);
    for (int run = 0; run < ends.length; run++) {
      assertThat(runs.offset(run) + runs.length(run)).isEqualTo(ends[run]);
      assertThat(runs.indexOf(runs.offset(run))).isEqualTo(run);
      assertThat(runs.indexOf(ends[run] - 1)).isEqualTo(run);
    }
    assertThatThrownBy(() -> runs.indexOf(runs.size()))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("offset " + runs.size());
  }

  @Test
  void refusesRunsThatDoNotFit() {
    assertThatThrownBy(() -> Runs.collect(to -> to.range(0x1000, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 bytes at 0x1000");
    assertThatThrownBy(() -> Runs.collect(to -> to.range(Long.MAX_VALUE, 2)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            Runs.collect(to -> {
              to.range(0, Long.MAX_VALUE);
              to.range(0, 1);
            }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("run 1");
  }
}
