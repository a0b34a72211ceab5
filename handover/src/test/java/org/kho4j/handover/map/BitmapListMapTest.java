package org.kho4j.handover.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.BitmapList;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;

class BitmapListMapTest {

  private static final long LIST = 0x4000000;

  private final SparseMemory ram = new SparseMemory();

  private PreservedMap map(PageSize pageSize, MapForm form) {
    return PreservedMap.of(new HandoverMemory(ram, pageSize), LIST, form);
  }

  private PreservedMap small() {
    return map(PageSize.SIZE_4K, MapForm.BITMAPS_512);
  }

  private PreservedMap large() {
    return map(PageSize.SIZE_4K, MapForm.BITMAPS_PAGE);
  }

  private static List<String> runs(PreservedMap map) {
    List<String> runs = new ArrayList<>();
    map.forEachRun((order, address, bytes) ->
        runs.add("order %d: 0x%x+0x%x".formatted(order, address, bytes)));
    return runs;
  }

  private static List<String> problems(PreservedMap map) {
    List<String> problems = new ArrayList<>();
    map.summary().problems().forEach(problem -> problems.add(problem.getMessage()));
    return problems;
  }

  /** A chunk of one order, as numbers. */
  private void chunk(long address, long next, int order, long... elements) {
    ram.zeros(address, 4096);
    ram.put64(address, next).put32(address + 8, order).put32(address + 12, elements.length / 2);
    for (int i = 0; i < elements.length; i++) {
      ram.put64(address + 16 + 8L * i, elements[i]);
    }
  }

  /** Every byte from the contract (ABI-HISTORY 6.1.1 and 6.1.2), for 4K pages. */
  @Test
  void readsBitmapsOf512BytesByTheContract() {
    // Bit 5 of order 0 from 0x2000000 on; bits 4094 and 4095 from 0x1000000 on.
    chunk(LIST, LIST + 0x1000, 0, 0x1000000, 0x5000200, 0x2000000, 0x5000400);
    chunk(LIST + 0x1000, 0, 9, 0, 0x5000600);
    ram.zeros(0x5000000, 4096);
    ram.put64(0x5000200 + 504, 3L << 62).put64(0x5000400, 1 << 5);
    // Two blocks of 2 MiB.
    ram.put64(0x5000600 + 8, 1L << 1 | 1L << 3);

    assertThat(runs(small()))
        .containsExactly(
            "order 9: 0x8200000+0x200000",
            "order 9: 0x8600000+0x200000",
            "order 0: 0x1ffe000+0x2000",
            "order 0: 0x2005000+0x1000");
    assertThat(small().summary().nodes()).isEqualTo(5);
  }

  @Test
  void readsBitmapsOfAPageByTheContract() {
    chunk(LIST, 0, 0, 0x8000000, 0x5000000, 0x10000000, 0x5001000);
    ram.zeros(0x5000000, 0x2000);
    ram.put64(0x5000000 + 4088, 1L << 63).put64(0x5001000, 1);

    assertThat(runs(large())).containsExactly("order 0: 0xffff000+0x2000");
    assertThat(large().lookup().isPreserved(0xffff000, 0)).isTrue();
    assertThat(large().lookup().isPreserved(0x10000000, 0)).isTrue();
    assertThat(large().lookup().isPreserved(0x10001000, 0)).isFalse();
    assertThat(large().lookup().isPreserved(0x20000000, 0)).isFalse();
  }

  /** One page-sized bitmap of 64K pages stands for 32 GiB, one of 512 bytes for 256 MiB. */
  @ParameterizedTest
  @CsvSource({
    "SIZE_4K, BITMAPS_512, 0x1000000", "SIZE_4K, BITMAPS_PAGE, 0x8000000",
    "SIZE_16K, BITMAPS_512, 0x4000000", "SIZE_16K, BITMAPS_PAGE, 0x80000000",
    "SIZE_64K, BITMAPS_512, 0x10000000", "SIZE_64K, BITMAPS_PAGE, 0x800000000"
  })
  void aBitmapStandsForSoMuchMemory(PageSize pageSize, MapForm form, String covered) {
    long start = Long.decode(covered);
    int bytes = form == MapForm.BITMAPS_512 ? 512 : pageSize.bytes();
    ram.zeros(LIST, pageSize.bytes()).zeros(0x5000000, pageSize.bytes());
    ram.put64(LIST, 0).put32(LIST + 8, 0).put32(LIST + 12, 1);
    ram.put64(LIST + 16, start).put64(LIST + 24, 0x5000000);
    ram.put64(0x5000000 + bytes - 8, 1L << 63);

    assertThat(runs(map(pageSize, form)))
        .containsExactly(
            "order 0: 0x%x+0x%x".formatted(2 * start - pageSize.bytes(), pageSize.bytes()));

    ram.put64(LIST + 16, start + (long) pageSize.bytes());
    assertThat(sentenceOf(() -> runs(map(pageSize, form))))
        .isEqualTo(
            "/preserved-memory-map/chunk 0/element 0 at 0x4000010: phys_start is 0x%x, which is not a multiple of 0x%x below 2^52"
                .formatted(start + pageSize.bytes(), start));
  }

  @Test
  void findsBlocksOfEveryOrder() {
    BitmapList list = new BitmapList(ram, PageSize.SIZE_4K, 512, LIST);
    list.preserve(0x200000, 9).preserve(0x200000, 0).preserve(0x123456000L, 0);
    list.preserve(1L << 40, 18);
    list.finish();

    PreservedMap.Lookup lookup = small().lookup();
    assertThat(lookup.orderAt(0x200000)).isEqualTo(9);
    assertThat(lookup.isPreserved(0x200000, 0)).isTrue();
    assertThat(lookup.orderAt(0x201000)).isEqualTo(-1);
    assertThat(lookup.orderAt(0x123456000L)).isZero();
    assertThat(lookup.orderAt(1L << 40)).isEqualTo(18);
    assertThat(lookup.orderAt(1L << 60)).isEqualTo(-1);
    assertThat(lookup.orderAt(0x123)).isEqualTo(-1);
  }

  @Test
  void aListMayHaveManyChunks() {
    BitmapList list = new BitmapList(ram, PageSize.SIZE_4K, 512, LIST);
    for (int i = 0; i < 600; i++) {
      list.preserve(i * 0x1000000L, 0);
    }
    List<Long> chunks = list.finish();

    assertThat(chunks).hasSize(3);
    MapSummary summary = small().summary();
    assertThat(summary.blocks().total()).isEqualTo(600);
    assertThat(summary.nodes()).isEqualTo(603);
  }

  @Test
  void theMapsOwnPagesAreVisitedOnceEach() {
    BitmapList list = new BitmapList(ram, PageSize.SIZE_4K, 512, LIST);
    list.preserve(0, 0).preserve(0x1000000, 0).preserve(0, 3);
    list.finish();

    List<Long> pages = new ArrayList<>();
    small().forEachPage(pages::add);
    assertThat(pages).containsExactlyInAnyOrder(LIST, LIST + 0x1000, LIST + 0x2000);
  }

  @Test
  void stopsAtALoopInTheChunkList() {
    chunk(LIST, LIST + 0x1000, 0, 0, 0x5000000);
    chunk(LIST + 0x1000, LIST, 0, 0x1000000, 0x5000200);
    ram.zeros(0x5000000, 4096);

    assertThat(problems(small()))
        .containsExactly(
            "/preserved-memory-map/chunk 2 at 0x4000000: the list reaches this chunk a second time: it has no end");
    assertThat(sentenceOf(() -> small().forEachRun((order, address, bytes) -> {})))
        .contains("a second time");
    assertThat(sentenceOf(() -> small().lookup().isPreserved(0x2000000, 0)))
        .contains("a second time");
  }

  @Test
  void aChunkWithoutElementsIsNamed() {
    chunk(LIST, LIST + 0x1000, 0);
    chunk(LIST + 0x1000, 0, 0, 0, 0x5000000);
    ram.zeros(0x5000000, 4096).put64(0x5000000, 6);

    assertThat(problems(small()))
        .containsExactly("/preserved-memory-map/chunk 0 at 0x4000000: num_elms is 0");
    assertThat(small().summary().blocks().total()).isEqualTo(2);
  }

  @Test
  void namesWhatIsWrongWithAChunkAndReadsTheOthers() {
    chunk(LIST, LIST + 0x1000, 0);
    ram.put32(LIST + 12, 256);
    chunk(LIST + 0x1000, LIST + 0x2000, 41);
    chunk(LIST + 0x2000, 0x7001, 0, 0, 0x5000000);
    ram.zeros(0x5000000, 4096).put64(0x5000000, 6);

    MapSummary summary = small().summary();
    assertThat(summary.problems())
        .extracting(HandoverException::getMessage)
        .containsExactly(
            "/preserved-memory-map/chunk 0 at 0x4000000: num_elms is 256, but a chunk has room for"
                + " 255",
            "/preserved-memory-map/chunk 1 at 0x4001000: order is 41, which is not within 0 to 40",
            "/preserved-memory-map/chunk 3 at 0x7001: the address 0x7001 is not aligned to a page of 4K");
    assertThat(summary.blocks().total()).isEqualTo(2);
  }

  @Test
  void namesWhatIsWrongWithAnElementAndReadsTheOthers() {
    chunk(
        LIST, 0, 0, 0x1000000, 0x5000100, 0x2000000, 0x9000000, 0x3000000, 0, 1L << 60, 0x5000200,
        0x4000000, 0x5000400, 0x5000000, 0x5000400, 0x4000000, 0x5000600);
    ram.zeros(0x5000000, 4096).put64(0x5000400, 1);

    MapSummary summary = small().summary();
    assertThat(summary.problems())
        .extracting(HandoverException::getMessage)
        .containsExactly(
            "/preserved-memory-map/chunk 0/element 0 at 0x4000010: the bitmap's address 0x5000100 is not a multiple of its 512 bytes",
            "/preserved-memory-map/chunk 0/element 1 at 0x9000000: 0x9000000 is absent",
            "/preserved-memory-map/chunk 0/element 2 at 0x4000030: the bitmap's address is 0",
            "/preserved-memory-map/chunk 0/element 3 at 0x4000040: phys_start is 0x1000000000000000, which is not a multiple of"
                + " 0x1000000 below 2^52",
            "/preserved-memory-map/chunk 0/element 5 at 0x4000060: another element has the bitmap"
                + " at 0x5000400 as well",
            "/preserved-memory-map/chunk 0/element 6 at 0x4000070: another bitmap also represents"
                + " order 0 from 0x4000000");
    assertThat(summary.blocks().total()).isEqualTo(1);
  }

  @Test
  void aBitBeyondPhysicalMemoryIsNamed() {
    // With 38 as the order a bitmap's bits would stand for 2^62 bytes.
    chunk(LIST, 0, 38, 0, 0x5000200);
    ram.zeros(0x5000000, 4096).put64(0x5000200, 16);

    assertThat(problems(small()))
        .containsExactly(
            "/preserved-memory-map/bitmap at 0x5000200: bit 4 is set, for a block of order 38 at 0x10000000000000, beyond 2^52");
    assertThat(problems(large()))
        .containsExactly(
            "/preserved-memory-map/chunk 0/element 0 at 0x4000010: order 38 is not within 0 to 37");
  }

  @Test
  void absurdListsEnd() {
    long chunk = LIST;
    for (int i = 0; i < 200; i++, chunk += 0x1000) {
      chunk(chunk, chunk + 0x1000, 99);
    }
    assertThat(problems(small())).hasSize(PreservedMap.MAX_PROBLEMS);
  }
}
