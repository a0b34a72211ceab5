package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.PageSize;

/** Turns the set bits of leaves, in order of keys, into runs of adjacent blocks. */
final class RunCollector implements PreservedMap.LeafVisitor {

  private final PageSize pageSize;
  private final PreservedMap.RunVisitor visitor;
  private final int words;

  private int order;
  private long start;
  private long end;

  RunCollector(PageSize pageSize, PreservedMap.RunVisitor visitor) {
    this.pageSize = pageSize;
    this.visitor = visitor;
    this.words = pageSize.bytes() / Long.BYTES;
  }

  @Override
  public void leaf(Where place, MemorySegment leaf, long address, long prefix) {
    if (prefix == 0) {
      lowestLeaf(place, leaf, address);
      return;
    }
    LeafKeys keys = LeafKeys.of(pageSize, prefix, place, address);
    int shift = keys.shift();
    long base = keys.base();
    if (keys.order() != order) {
      flush();
      order = keys.order();
    }
    long runStart = start;
    long runEnd = end;
    for (int bit = keys.possible(words * 64); bit < words * 64; bit++) {
      if (isSet(leaf, bit)) {
        throw keys.beyond(bit, place, address);
      }
    }
    for (int i = 0; i < words; i++) {
      long word = leaf.get(Wire.U64, (long) i << 3);
      if (word == 0) {
        continue;
      }
      long wordBase = base + ((long) i << (6 + shift));
      int from = 0;
      do {
        from += Long.numberOfTrailingZeros(word >>> from);
        long ones = ~(word >>> from);
        int length = ones == 0 ? 64 : Long.numberOfTrailingZeros(ones);
        length = Math.min(length, 64 - from);
        long first = wordBase + ((long) from << shift);
        if (first != runEnd) {
          if (runEnd != runStart) {
            visitor.run(order, runStart, runEnd - runStart);
          }
          runStart = first;
        }
        runEnd = first + ((long) length << shift);
        from += length;
      } while (from < 64 && word >>> from != 0);
    }
    start = runStart;
    end = runEnd;
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
