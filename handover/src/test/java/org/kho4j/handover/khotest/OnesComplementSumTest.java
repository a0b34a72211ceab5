package org.kho4j.handover.khotest;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The two forms in which kernels chain {@code csum_partial} over folios. */
class OnesComplementSumTest {

  private static final MemorySegment FIRST = MemorySegment.ofArray(new long[] {0x10000, 5});
  private static final MemorySegment SECOND = MemorySegment.ofArray(new long[] {0xfffeL << 16, 1});

  @Test
  void x86FoldsNothingBelow32Bits() {
    OnesComplementSum sum = new OnesComplementSum();
    sum.add(FIRST);
    sum.add(SECOND);

    assertThat(sum.foldedTo32()).isEqualTo(0xffff0006);
  }

  @Test
  void arm64FoldsEachFolioTo16Bits() {
    OnesComplementSum sum = new OnesComplementSum();
    sum.addFolded(FIRST);
    sum.addFolded(SECOND);

    assertThat(sum.foldedTo32()).isEqualTo(6 + 0xffff);
  }

  @Test
  void zerosAddNothing() {
    OnesComplementSum sum = new OnesComplementSum();
    sum.addFolded(MemorySegment.ofArray(new long[8]));

    assertThat(sum.foldedTo32()).isZero();
  }
}
