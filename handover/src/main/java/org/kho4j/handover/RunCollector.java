package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.Where;

/** Turns the set bits of leaves and bitmaps, in order of keys, into runs of adjacent blocks. */
final class RunCollector implements LeafVisitor {

  private final PageSize pageSize;
  private final RunVisitor visitor;
  private final int words;

  private int order;
  private long start;
  private long end;

  /**
   * A collector.
   *
   * @param leafBytes bytes of a leaf or a bitmap, a multiple of 512
   */
  RunCollector(PageSize pageSize, int leafBytes, RunVisitor visitor) {
    this.pageSize = pageSize;
    this.visitor = visitor;
    this.words = leafBytes / Long.BYTES;
  }

  @Override
  public void bits(Where place, MemorySegment leaf, long address, long firstKey) {
    LeafKeys keys = LeafKeys.of(pageSize, firstKey, place, address);
    long runStart = continueAt(keys.order(), keys.base());
    int shift = keys.shift();
    for (int bit = keys.possible(words * 64); bit < words * 64; bit++) {
      if (isSet(leaf, bit)) {
        throw keys.beyond(bit, place, address);
      }
    }
    // 1 inside of a run, else 0. A number, and no branches on it: they would be mispredicted.
    long inside = runStart != NONE ? 1 : 0;
    int from = isAll(leaf, 0, words, -inside) ? words : 0;
    for (int stretch = from; stretch < words; stretch += STRETCH) {
      if (isAll(leaf, stretch, stretch + STRETCH, -inside)) {
        continue;
      }
      for (int i = stretch; i < stretch + STRETCH; i++) {
        long word = leaf.get(Wire.U64, (long) i << 3);
        // Bit by bit: whether the block below it is preserved.
        long below = word << 1 | inside;
        long starts = word & ~below;
        long ends = below & ~word;
        long base = keys.base() + ((long) i << (6 + shift));
        long first = base + ((long) Long.numberOfTrailingZeros(starts) << shift);
        runStart ^= (runStart ^ first) & (inside - 1);
        starts &= (starts - 1) | -inside;
        while (ends != 0) {
          long runEnd = base + ((long) Long.numberOfTrailingZeros(ends) << shift);
          visitor.run(keys.order(), runStart, runEnd - runStart);
          ends &= ends - 1;
          runStart = base + ((long) Long.numberOfTrailingZeros(starts) << shift);
          starts &= starts - 1;
        }
        inside = word >>> 63;
      }
    }
    start = runStart;
    end = inside != 0 ? keys.base() + ((long) words << (6 + shift)) : runStart;
  }

  /**
   * Words that are first looked at together, as most of a real map is all preserved or not at all.
   * Before that, the whole leaf is.
   */
  private static final int STRETCH = 64;

  /** Whether all words of a stretch are {@code same}: -1 or 0. */
  private static boolean isAll(MemorySegment leaf, int from, int to, long same) {
    if (leaf.get(Wire.U64, (long) from << 3) != same
        || leaf.get(Wire.U64, (long) (to - 1) << 3) != same) {
      return false;
    }
    // Two loops of few operations each: the JIT compiler makes no vectors of either.
    long and = -1;
    long or = 0;
    if (same != 0) {
      for (int i = from; i < to; i += 4) {
        long at = (long) i << 3;
        and &=
            leaf.get(Wire.U64, at)
                & leaf.get(Wire.U64, at + 8)
                & leaf.get(Wire.U64, at + 16)
                & leaf.get(Wire.U64, at + 24);
      }
    } else {
      for (int i = from; i < to; i += 4) {
        long at = (long) i << 3;
        or |=
            leaf.get(Wire.U64, at)
                | leaf.get(Wire.U64, at + 8)
                | leaf.get(Wire.U64, at + 16)
                | leaf.get(Wire.U64, at + 24);
      }
    }
    return and == -1 && or == 0;
  }

  private static final long NONE = -1;

  private long continueAt(int nextOrder, long next) {
    if (end != start && order == nextOrder && end == next) {
      return start;
    }
    flush();
    order = nextOrder;
    return NONE;
  }

  /** The leaf whose keys have too few bits for their order to be the leaf's: bit by bit. */
  @Override
  public void lowestLeaf(Where place, MemorySegment leaf, long address) {
    for (int bit = 0; bit < words * 64; bit++) {
      if (!isSet(leaf, bit)) {
        continue;
      }
      LeafKeys keys = LeafKeys.of(pageSize, bit, place, address);
      if (keys.order() != order || keys.base() != end) {
        flush();
        order = keys.order();
        start = keys.base();
        end = start;
      }
      end += 1L << keys.shift();
    }
  }

  private static boolean isSet(MemorySegment leaf, int bit) {
    return (leaf.get(Wire.U64, (long) bit >>> 6 << 3) >>> bit & 1) != 0;
  }

  /** Hands the last run over. */
  void flush() {
    if (end != start) {
      visitor.run(order, start, end - start);
    }
    start = 0;
    end = 0;
  }
}
