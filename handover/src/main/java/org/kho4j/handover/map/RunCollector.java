package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** Turns the set bits of leaves, in the order of their keys, into runs of adjacent blocks. */
final class RunCollector implements LeafVisitor {

  private final PageSize pageSize;
  private final RunVisitor visitor;

  // A copy of the leaf: a JVM that has just started reads arrays much faster than segments.
  private final long[] words;

  // The run that may continue in the next leaf; none if it is empty.
  private int order;
  private long start;
  private long end;

  RunCollector(PageSize pageSize, int leafBytes, RunVisitor visitor) {
    this.pageSize = pageSize;
    this.visitor = visitor;
    this.words = new long[leafBytes / Long.BYTES];
  }

  @Override
  public void leaf(Where place, MemorySegment bits, long address, long firstKey) {
    MemorySegment.copy(bits, StructureView.U64, 0, words, 0, words.length);
    if (firstKey == 0) {
      lowestLeaf(place, address);
      return;
    }
    LeafKeys keys = LeafKeys.of(pageSize, firstKey, place, address);
    int bitCount = words.length * Long.SIZE;
    for (int bit = keys.possible(bitCount); bit < bitCount; bit++) {
      if (isSet(bit)) {
        throw keys.beyond(bit, place, address);
      }
    }
    startAt(keys);
    collect(visitor, words, keys.base(), keys.shift());
  }

  /** Continues the run if it ends where these blocks start; otherwise starts a new one. */
  private void startAt(LeafKeys keys) {
    if (keys.order() != order || keys.base() != end) {
      flush();
      order = keys.order();
      start = keys.base();
      end = start;
    }
  }

  /** Collects the runs of a leaf of one order. */
  private void collect(RunVisitor visitor, long[] words, long base, int shift) {
    // 1 inside of a run, else 0.
    long inside = start == end ? 0 : 1;
    // The bit that starts the run; negative where that is in an earlier leaf.
    long first = (start - base) >> shift;
    for (int i = isAll(words, -inside) ? words.length : 0; i < words.length; i++) {
      long word = words[i];
      if (word == -inside) {
        continue;
      }
      // Bit by bit: whether the block below it is preserved.
      long below = word << 1 | inside;
      long starts = word & ~below;
      long ends = below & ~word;
      long at = (long) i << 6;
      // Without branches, which the processor would mispredict.
      first ^= (first ^ (at + Long.numberOfTrailingZeros(starts))) & (inside - 1);
      starts &= (starts - 1) | -inside;
      // Counted, because C2 unrolls such a loop, and polls for no safepoint in it.
      for (int n = Long.bitCount(ends); n > 0; n--) {
        long last = at + Long.numberOfTrailingZeros(ends);
        visitor.run(order, base + (first << shift), (last - first) << shift);
        first = at + Long.numberOfTrailingZeros(starts);
        ends &= ends - 1;
        starts &= starts - 1;
      }
      inside = word >>> 63;
    }
    start = base + (first << shift);
    end = inside != 0 ? base + ((long) words.length << (6 + shift)) : start;
  }

  /**
   * Returns whether all words are {@code same}, which is -1 or 0. C2 vectorizes this loop because
   * it combines words with something else before it reduces them.
   */
  private static boolean isAll(long[] words, long same) {
    long different = 0;
    for (int i = 0; i < words.length; i++) {
      different |= words[i] ^ same;
    }
    return different == 0;
  }

  /** Collects the blocks of the lowest leaf, where each key has an order of its own. */
  private void lowestLeaf(Where place, long address) {
    for (int bit = 0; bit < words.length * Long.SIZE; bit++) {
      if (isSet(bit)) {
        LeafKeys keys = LeafKeys.of(pageSize, bit, place, address);
        startAt(keys);
        end += 1L << keys.shift();
      }
    }
  }

  private boolean isSet(int bit) {
    return (words[bit >>> 6] >>> bit & 1) != 0;
  }

  /** Passes the last run to the visitor. */
  void flush() {
    if (end != start) {
      visitor.run(order, start, end - start);
    }
    start = 0;
    end = 0;
  }
}
