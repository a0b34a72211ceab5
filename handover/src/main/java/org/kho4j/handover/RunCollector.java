package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.PageSize;

/** Turns the set bits of leaves, in order of keys, into runs of adjacent blocks. */
final class RunCollector implements PreservedMap.LeafVisitor {

  private final PageSize pageSize;
  private final PreservedMap.RunVisitor visitor;
  private final int words;
  private final MemorySegment empty;
  private final MemorySegment full;

  /** Words between two looks at whether the rest is all the same. Divides those of a leaf. */
  private static final int STRETCH = 64;

  private int order;
  private long start;
  private long end;

  RunCollector(PageSize pageSize, PreservedMap.RunVisitor visitor) {
    this.pageSize = pageSize;
    this.visitor = visitor;
    this.words = pageSize.bytes() / Long.BYTES;
    this.empty = MemorySegment.ofArray(new byte[pageSize.bytes()]);
    this.full = MemorySegment.ofArray(new byte[pageSize.bytes()]).fill((byte) -1);
  }

  @Override
  public void leaf(Where place, MemorySegment leaf, long address, long prefix) {
    if (prefix == 0) {
      lowestLeaf(place, leaf, address);
      return;
    }
    LeafKeys keys = LeafKeys.of(pageSize, prefix, place, address);
    long runStart = continueAt(keys.order(), keys.base());
    int shift = keys.shift();
    for (int bit = keys.possible(words * 64); bit < words * 64; bit++) {
      if (isSet(leaf, bit)) {
        throw keys.beyond(bit, place, address);
      }
    }
    // 1 inside of a run, else 0. A number, and no branches on it: they would be mispredicted.
    long inside = runStart != NONE ? 1 : 0;
    for (int i = skip(leaf, 0, inside); i < words; i = skip(leaf, i, inside)) {
      for (int stretch = i + STRETCH; i < stretch; i++) {
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
   * The first word of the stretch, from word i on, that is not all preserved, or not all free: most
   * of a real map is either. Compares whole vectors at once, which no loop here is compiled to.
   */
  private int skip(MemorySegment leaf, int i, long inside) {
    if (i == words
        || leaf.get(Wire.U64, (long) i << 3) != -inside
        || leaf.get(Wire.U64, (long) (i + STRETCH - 1) << 3) != -inside) {
      return i;
    }
    long from = (long) i << 3;
    long same =
        MemorySegment.mismatch(
            leaf, from, pageSize.bytes(), inside != 0 ? full : empty, from, pageSize.bytes());
    return same < 0 ? words : i + ((int) (same >>> 3) & -STRETCH);
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
  private void lowestLeaf(Where place, MemorySegment leaf, long address) {
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
