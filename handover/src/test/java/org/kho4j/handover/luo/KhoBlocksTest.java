package org.kho4j.handover.luo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** Blocks from 0x10000 on, of entries of 80 bytes; the head is at byte 16 of the structure. */
class KhoBlocksTest {

  private static final long BLOCK = 0x10000;

  private final SparseMemory ram = new SparseMemory();

  private void block(int number, long next, long count) {
    long at = BLOCK + 4096L * number;
    ram.zeros(at, 4096).put64(at, next).put64(at + 8, count);
    for (int i = 0; i < Math.min(count, 51); i++) {
      ram.put64(at + 16 + 80L * i, 1000L * number + i);
    }
  }

  private List<Long> entries(long head) {
    return entries(head, PageSize.SIZE_4K);
  }

  private List<Long> entries(long head, PageSize pageSize) {
    return KhoBlocks.entries(
            new HandoverMemory(ram, pageSize), Where.ROOT.in("set"), head, LuoSession.STRUCTURE)
        .map(entry -> {
          long first = entry.bytes().get(StructureView.U64, 0);
          assertThat(first).isEqualTo(ram.get64(entry.address()));
          return first;
        })
        .toList();
  }

  @Test
  void noBlockIsNoEntry() {
    assertThat(entries(0)).isEmpty();
  }

  @Test
  void visitsEveryEntryInOrder() {
    block(0, BLOCK + 0x2000, 2);
    block(2, 0, 1);

    assertThat(entries(BLOCK)).containsExactly(0L, 1L, 2000L);
  }

  @ParameterizedTest
  @CsvSource({"SIZE_4K, 51", "SIZE_16K, 204", "SIZE_64K, 819"})
  void aFullBlockHasAsManyEntriesAsAPageHolds(PageSize pageSize, int capacity) {
    ram.zeros(BLOCK, pageSize.bytes()).put64(BLOCK + 8, capacity);
    ram.put64(BLOCK + 16 + 80L * (capacity - 1), 7);

    assertThat(entries(BLOCK, pageSize)).hasSize(capacity).endsWith(7L);

    ram.put64(BLOCK + 8, capacity + 1);
    assertThat(sentenceOf(() -> entries(BLOCK, pageSize)))
        .isEqualTo(
            "/set/block 0 at 0x10000: count is %d, not within 1 to %d"
                .formatted(capacity + 1, capacity));
  }

  @Test
  void anEmptyBlockIsInvalid() {
    block(0, BLOCK + 0x1000, 51);
    block(1, 0, 0);

    assertThat(sentenceOf(() -> entries(BLOCK)))
        .isEqualTo("/set/block 1 at 0x11000: count is 0, not within 1 to 51");
  }

  @Test
  void anAbsurdCountIsShownAsItIsStored() {
    block(0, 0, 1);
    ram.put64(BLOCK + 8, -1);

    assertThat(sentenceOf(() -> entries(BLOCK)))
        .isEqualTo("/set/block 0 at 0x10000: count is 18446744073709551615, not within 1 to 51");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 40})
  void stopsAtALoop(int length) {
    for (int i = 0; i < length; i++) {
      block(i, BLOCK + 4096L * (i == length - 1 ? 0 : i + 1), 1);
    }

    assertThat(sentenceOf(() -> entries(BLOCK)))
        .contains("/set/block ", " at 0x", "the chain returns to an earlier block");
  }

  @Test
  void takesAsManyBlocksAsAKernelAndNoMore() {
    for (int i = 0; i < 10000; i++) {
      block(i, i == 9999 ? 0 : BLOCK + 4096L * (i + 1), 1);
    }
    assertThat(entries(BLOCK)).hasSize(10000);

    block(9999, BLOCK + 4096L * 10000, 1);
    block(10000, 0, 1);
    assertThat(sentenceOf(() -> entries(BLOCK)))
        .isEqualTo("/set at 0x2720000: more than 10,000 blocks, the maximum of a kernel");
  }

  @Test
  void namesABlockThatIsNotPageAligned() {
    assertThat(sentenceOf(() -> entries(0x1003e0002L)))
        .isEqualTo(
            "/set/block 0 at 0x1003e0002: the address 0x1003e0002 is not aligned to a page of 4K");
  }

  @Test
  void namesANextBlockThatIsAbsent() {
    block(0, 0x7f000000, 1);

    assertThat(sentenceOf(() -> entries(BLOCK)))
        .isEqualTo("/set/block 1 at 0x7f000000: 0x7f000000 is absent");
  }
}
