package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.kho4j.abi.PageSize;

/**
 * Counts the blocks in a map's leaves: gathers the leaves first, so that several threads can count
 * them.
 */
final class LeafCount implements PreservedMap.LeafVisitor {

  /** Below that many leaves, starting threads costs more than counting. */
  private static final int PARALLEL_FROM = 64;

  private final HandoverMemory memory;
  private final Where place;
  private final PageSize pageSize;
  private long[] addresses = new long[PARALLEL_FROM];
  private long[] prefixes = new long[PARALLEL_FROM];
  private int size;

  LeafCount(HandoverMemory memory, Where place) {
    this.memory = memory;
    this.place = place;
    this.pageSize = memory.pageSize();
  }

  @Override
  public void leaf(Where leafPlace, MemorySegment leaf, long address, long prefix) {
    if (size == addresses.length) {
      addresses = Arrays.copyOf(addresses, size * 2);
      prefixes = Arrays.copyOf(prefixes, size * 2);
    }
    addresses[size] = address;
    prefixes[size++] = prefix;
  }

  MapSummary summary(long nodes, Consumer<HandoverException> problems) {
    ConcurrentLinkedQueue<HandoverException> found = new ConcurrentLinkedQueue<>();
    AtomicInteger broken = new AtomicInteger();
    IntStream leaves = IntStream.range(0, size);
    OrderCounts blocks =
        (size < PARALLEL_FROM ? leaves : leaves.parallel())
            .collect(
                () -> new OrderCounts(pageSize),
                (counts, i) -> {
                  try {
                    count(addresses[i], prefixes[i], counts);
                  } catch (HandoverException e) {
                    if (broken.getAndIncrement() < PreservedMap.MAX_PROBLEMS) {
                      found.add(e);
                    }
                  }
                },
                OrderCounts::addAll);
    found.forEach(problems);
    return new MapSummary(nodes, blocks);
  }

  private void count(long address, long prefix, OrderCounts counts) {
    MemorySegment page = memory.page(place, address);
    int words = pageSize.bytes() / Long.BYTES;
    if (prefix != 0) {
      LeafKeys keys = LeafKeys.of(pageSize, prefix, place, address);
      if (keys.possible(words * 64) == words * 64) {
        long set = 0;
        for (int i = 0; i < words; i++) {
          set += Long.bitCount(page.get(Wire.U64, (long) i << 3));
        }
        counts.add(keys.order(), set);
        return;
      }
    }
    RunCollector runs =
        new RunCollector(
            pageSize,
            (order, run, bytes) -> counts.add(order, bytes >>> (pageSize.shift() + order)));
    runs.leaf(place, page, address, prefix);
    runs.flush();
  }
}
