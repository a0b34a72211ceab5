package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** The leaves of a map in the order of their keys: counted by several threads, or iterated over. */
final class LeafList implements LeafVisitor {

  /** Fewest leaves for which starting threads costs less than counting. */
  private static final int PARALLEL_FROM = 64;

  private final HandoverMemory memory;
  private final Where place;
  private final int leafBytes;
  private final PageSize pageSize;
  private long[] addresses = new long[PARALLEL_FROM];
  private long[] firstKeys = new long[PARALLEL_FROM];
  private int size;

  LeafList(HandoverMemory memory, Where place, int leafBytes) {
    this.memory = memory;
    this.place = place;
    this.leafBytes = leafBytes;
    this.pageSize = memory.pageSize();
  }

  @Override
  public void leaf(Where itsPlace, MemorySegment bits, long address, long firstKey) {
    if (size == addresses.length) {
      addresses = Arrays.copyOf(addresses, size * 2);
      firstKeys = Arrays.copyOf(firstKeys, size * 2);
    }
    addresses[size] = address;
    firstKeys[size++] = firstKey;
  }

  private MemorySegment bits(int leaf) {
    return memory.bytes(place, addresses[leaf], leafBytes);
  }

  /** Returns the runs of all leaves. Each leaf is read when the first of its runs is requested. */
  Stream<BlockRun> runs() {
    return BlockRun.stream(visitor -> {
      RunCollector runs = new RunCollector(pageSize, leafBytes, visitor);
      int[] next = new int[1];
      return () -> {
        if (next[0] == size) {
          runs.flush();
          return false;
        }
        int leaf = next[0]++;
        runs.leaf(place, bits(leaf), addresses[leaf], firstKeys[leaf]);
        return true;
      };
    });
  }

  /** Counts the blocks. Unreadable leaves are reported, and left out of the counts. */
  OrderCounts count(Consumer<HandoverException> problems) {
    Queue<HandoverException> found = new ConcurrentLinkedQueue<>();
    AtomicInteger broken = new AtomicInteger();
    IntStream leaves = IntStream.range(0, size);
    Count count =
        (size < PARALLEL_FROM ? leaves : leaves.parallel())
            .collect(
                Count::new,
                (part, leaf) -> {
                  try {
                    part.add(leaf);
                  } catch (HandoverException e) {
                    if (broken.getAndIncrement() < PreservedMap.MAX_PROBLEMS) {
                      found.add(e);
                    }
                  }
                },
                (part, other) -> part.blocks.addAll(other.blocks));
    found.forEach(problems);
    return count.blocks;
  }

  /** The counts of one thread. */
  private final class Count {
    private final OrderCounts blocks = new OrderCounts(pageSize);
    private final long[] words = new long[leafBytes / Long.BYTES];

    void add(int leaf) {
      int bits = leafBytes * Byte.SIZE;
      if (firstKeys[leaf] != 0) {
        LeafKeys keys = LeafKeys.of(pageSize, firstKeys[leaf], place, addresses[leaf]);
        if (keys.possible(bits) == bits) {
          MemorySegment.copy(bits(leaf), StructureView.U64, 0, words, 0, words.length);
          blocks.add(keys.order(), setBits());
          return;
        }
      }
      RunCollector runs =
          new RunCollector(
              pageSize,
              leafBytes,
              (order, address, bytes) -> blocks.add(order, bytes >>> (pageSize.shift() + order)));
      runs.leaf(place, bits(leaf), addresses[leaf], firstKeys[leaf]);
      runs.flush();
    }

    private long setBits() {
      long set = 0;
      for (long word : words) {
        set += Long.bitCount(word);
      }
      return set;
    }
  }
}
