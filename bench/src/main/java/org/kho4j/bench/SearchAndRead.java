package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * Searches an image for handovers, and reads every page that it has, by turns in one JVM: for
 * {@code bench/sources}. Prints the best and the median of each in ms.
 */
public final class SearchAndRead {

  private static final int STRETCH = 1 << 16;

  private SearchAndRead() {}

  /** Arguments: an image, the number of rounds. */
  public static void main(String[] args) throws IOException {
    int rounds = Integer.parseInt(args[1]);
    List<Long> searches = new ArrayList<>();
    List<Long> reads = new ArrayList<>();
    for (int round = 0; round <= rounds; round++) {
      long search = search(Path.of(args[0]));
      long read = read(Path.of(args[0]));
      if (round > 0) { // The first warms up.
        searches.add(search);
        reads.add(read);
      }
    }
    print("search", searches);
    print("read", reads);
  }

  private static long search(Path image) throws IOException {
    long start = System.nanoTime();
    try (PhysicalMemory memory = MemoryImages.open(image)) {
      if (RootSearch.search(memory, bytes -> {}).roots().isEmpty()) {
        throw new AssertionError("no root FDT in " + image);
      }
    }
    return System.nanoTime() - start;
  }

  private static long read(Path image) throws IOException {
    long start = System.nanoTime();
    LongAdder sum = new LongAdder();
    try (PhysicalMemory memory = MemoryImages.open(image)) {
      List<long[]> stretches = new ArrayList<>();
      memory.forEachDataRange((address, length) -> {
        for (long at = 0; at < length; at += STRETCH) {
          stretches.add(new long[] {address + at, Math.min(STRETCH, length - at)});
        }
      });
      stretches.parallelStream()
          .forEach(one -> sum.add(memory.read(one[0], one[1]).asByteBuffer().getLong(0)));
    }
    if (sum.sum() == 0) {
      throw new AssertionError("the image has only zeros");
    }
    return System.nanoTime() - start;
  }

  private static void print(String what, List<Long> nanos) {
    List<Long> sorted = nanos.stream().sorted().toList();
    System.out.printf(
        "kdump, in one JVM: %-6s best %5d ms, median %5d ms%n",
        what, sorted.getFirst() / 1_000_000, sorted.get(sorted.size() / 2) / 1_000_000);
  }
}
