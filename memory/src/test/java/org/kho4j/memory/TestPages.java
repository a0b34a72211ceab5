package org.kho4j.memory;

import java.util.Random;

/** Contents of pages. */
public final class TestPages {

  private TestPages() {}

  /** Every byte differs from its neighbours, and from the same place of another page. */
  public static byte[] counting(int size, int first) {
    byte[] page = new byte[size];
    for (int i = 0; i < size; i++) {
      page[i] = (byte) (first + i * 7 + (i >> 8));
    }
    return page;
  }

  /** Something like memory: runs, repeats, small numbers and noise; compressible. */
  public static byte[] likeMemory(int size, Random random) {
    byte[] page = new byte[size];
    int at = 0;
    while (at < size) {
      int length = Math.min(size - at, 1 + random.nextInt(random.nextInt(10) == 0 ? 700 : 40));
      switch (random.nextInt(4)) {
        case 0 -> {}
        case 1 -> {
          for (int i = 0; i < length; i++) {
            page[at + i] = (byte) random.nextInt(256);
          }
        }
        case 2 -> {
          byte value = (byte) random.nextInt(256);
          java.util.Arrays.fill(page, at, at + length, value);
        }
        default -> {
          int from = at == 0 ? 0 : random.nextInt(at);
          for (int i = 0; i < length; i++) {
            page[at + i] = page[from + i];
          }
        }
      }
      at += length;
    }
    return page;
  }
}
