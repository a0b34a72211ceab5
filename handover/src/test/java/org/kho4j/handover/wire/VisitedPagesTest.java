package org.kho4j.handover.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.KernelMemory.HERE;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VisitedPagesTest {

  private final VisitedPages pages = new VisitedPages();

  @Test
  void knowsWhatItHasSeen() {
    assertThat(pages.add(HERE, 0x1000)).isTrue();
    assertThat(pages.add(HERE, 0x2000)).isTrue();
    assertThat(pages.add(HERE, 0x1000)).isFalse();
    assertThat(pages.add(HERE, 0x2000)).isFalse();
  }

  @Test
  void agreesWithASetWhileItGrows() {
    Random random = new Random(7);
    Set<Long> model = new HashSet<>();
    for (int i = 0; i < 100_000; i++) {
      // Few bits, so that many come twice; some far apart, some neighbours.
      long page = (random.nextLong(1 << 16) + 1) << (12 + random.nextInt(3) * 12);
      assertThat(pages.add(HERE, page)).as("0x%x", page).isEqualTo(model.add(page));
    }
  }

  @Test
  void takesAMillionPagesAndNoMore() {
    for (long page = 1; page <= 1 << 20; page++) {
      assertThat(pages.add(HERE, page << 12)).isTrue();
    }

    assertThat(pages.add(HERE, 0x5000)).isFalse();
    assertThat(sentenceOf(() -> pages.add(HERE, 1L << 40)))
        .isEqualTo("/here at 0x10000000000: more than 1,048,576 pages of structures");
  }
}
