package org.kho4j.handover.khotest;

import java.lang.foreign.MemorySegment;

/**
 * The checksum of kho_test's folios, which x86-64 and arm64 fold differently. The reading kernel
 * compares its own sum bit by bit, so the other machine's checksum does not match (7.3).
 */
public enum Checksum {
  /** Each folio's sum is folded to 32 bits. */
  X86_64 {
    @Override
    int of(Iterable<MemorySegment> folios) {
      OnesComplementSum sum = new OnesComplementSum();
      folios.forEach(sum::add);
      return sum.foldedTo32();
    }
  },
  /** Each folio's sum is folded to 16 bits before it is added to the 32 bits of the total. */
  ARM64 {
    @Override
    int of(Iterable<MemorySegment> folios) {
      long total = 0;
      for (MemorySegment folio : folios) {
        OnesComplementSum sum = new OnesComplementSum();
        sum.add(folio);
        total += sum.foldedTo16();
        total = (total >>> Integer.SIZE) + (total & 0xffff_ffffL);
      }
      return (int) total;
    }
  };

  /** Returns the sum of some folios, in the order of the list. */
  abstract int of(Iterable<MemorySegment> folios);
}
