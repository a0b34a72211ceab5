package org.kho4j.handover.khotest;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The two forms in which kernels chain {@code csum_partial} over folios. */
class ChecksumTest {

  private static final MemorySegment FIRST = MemorySegment.ofArray(new long[] {0x10000, 5});
  private static final MemorySegment SECOND = MemorySegment.ofArray(new long[] {0xfffeL << 16, 1});

  @Test
  void x86FoldsNothingBelow32Bits() {
    assertThat(Checksum.X86_64.of(List.of(FIRST, SECOND))).isEqualTo(0xffff0006);
  }

  @Test
  void arm64FoldsEachFolioTo16Bits() {
    assertThat(Checksum.ARM64.of(List.of(FIRST, SECOND))).isEqualTo(6 + 0xffff);
  }

  @Test
  void zerosAddNothing() {
    List<MemorySegment> zeros = List.of(MemorySegment.ofArray(new long[8]));

    assertThat(Checksum.X86_64.of(zeros)).isZero();
    assertThat(Checksum.ARM64.of(zeros)).isZero();
  }
}
