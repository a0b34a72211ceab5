package org.kho4j.bench;

import java.util.SplittableRandom;

/** 4K pages in no order, as a kernel's structures stand in memory. The same ones every time. */
final class ShuffledPages {

  private ShuffledPages() {}

  /** The addresses of {@code count} adjacent pages, shuffled. */
  static long[] of(long first, int count) {
    long[] pages = new long[count];
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < count; i++) {
      int other = random.nextInt(i + 1);
      pages[i] = pages[other];
      pages[other] = first + i * 4096L;
    }
    return pages;
  }
}
