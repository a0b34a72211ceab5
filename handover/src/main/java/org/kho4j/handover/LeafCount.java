package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;

/**
 * Counts the blocks in a map's leaves or bitmaps: gathers these first, so that several threads can
 * count.
 */
final class LeafCount implements LeafVisitor {

  /** Below that many leaves, starting threads costs more than counting. */
  private static final int PARALLEL_FROM = 64;

  private final HandoverMemory memory;
  private final Where place;
  private final int leafBytes;
  private final PageSize pageSize;
  private long[] addresses = new long[PARALLEL_FROM];
  // Keys of bit 0; 0 for the lowest leaf.
  private long[] firstKeys = new long[PARALLEL_FROM];
  private int size;

  LeafCount(HandoverMemory memory, Where place, int leafBytes) {
    this.memory = memory;
    this.place = place;
    this.leafBytes = leafBytes;
    this.pageSize = memory.pageSize();
  }

  @Override
  public void bits(Where itsPlace, MemorySegment bits, long address, long firstKey) {
    gather(address, firstKey);
  }

  @Override
  public void lowestLeaf(Where itsPlace, MemorySegment leaf, long address) {
    gather(address, 0);
  }

  private void gather(long address, long firstKey) {
    if (size == addresses.length) {
      addresses = Arrays.copyOf(addresses, size * 2);
      firstKeys = Arrays.copyOf(firstKeys, size * 2);
    }
    addresses[size] = address;
    firstKeys[size++] = firstKey;
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
                    count(addresses[i], firstKeys[i], counts);
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

  private void count(long address, long firstKey, OrderCounts counts) {
    MemorySegment leaf = memory.bytes(place, address, leafBytes);
    RunCollector runs =
        new RunCollector(
            pageSize,
            leafBytes,
            (order, run, bytes) -> counts.add(order, bytes >>> (pageSize.shift() + order)));
    if (firstKey == 0) {
      runs.lowestLeaf(place, leaf, address);
      runs.flush();
      return;
    }
    LeafKeys keys = LeafKeys.of(pageSize, firstKey, place, address);
    if (keys.possible(leafBytes * 8) == leafBytes * 8) {
      long set = 0;
      for (int i = 0; i < leafBytes / Long.BYTES; i++) {
        set += Long.bitCount(leaf.get(Wire.U64, (long) i << 3));
      }
      counts.add(keys.order(), set);
      return;
    }
    runs.bits(place, leaf, address, firstKey);
    runs.flush();
  }
}
