package org.kho4j.handover.vmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;

/** A descriptor at 0x8000 and chunks from 0x10000 on; a chunk of 4K pages has 511 entries. */
class PreservedAreaTest {

  private static final long DESCRIPTOR = 0x8000;
  private static final long CHUNK = 0x10000;

  private final SparseMemory ram = new SparseMemory().zeros(DESCRIPTOR, 16);

  private void descriptor(long first, int totalPages, int flags, int order) {
    ram.put64(DESCRIPTOR, first)
        .put32(DESCRIPTOR + 8, totalPages)
        .put16(DESCRIPTOR + 12, flags)
        .put16(DESCRIPTOR + 14, order);
  }

  /** Chunk {@code number} at {@code CHUNK + number pages}. */
  private void chunk(int number, long next, long... blocks) {
    long at = CHUNK + 4096L * number;
    ram.zeros(at, 4096).put64(at, next);
    for (int i = 0; i < blocks.length; i++) {
      ram.put64(at + 8 + 8L * i, blocks[i]);
    }
  }

  /** Every second page from an address on, so that nothing is adjacent. */
  private static long[] scattered(long from, int pages) {
    long[] blocks = new long[pages];
    for (int i = 0; i < pages; i++) {
      blocks[i] = from + 2 * 4096L * i;
    }
    return blocks;
  }

  private PreservedArea area() {
    return area(PageSize.SIZE_4K);
  }

  private PreservedArea area(PageSize pageSize) {
    return PreservedArea.of(
        new HandoverMemory(ram, pageSize),
        Where.ROOT.in("area"),
        Descriptor.at(DESCRIPTOR, ram.read(DESCRIPTOR, 16)));
  }

  private static List<String> runs(PreservedArea area) {
    List<String> runs = new ArrayList<>();
    area.forEachRun((order, address, bytes) -> runs.add("0x%x+0x%x".formatted(address, bytes)));
    assertThat(area.runs().map(run -> "0x%x+0x%x".formatted(run.address(), run.bytes())))
        .as("the stream of the same runs")
        .isEqualTo(runs);
    return runs;
  }

  @Test
  void chunksAreReadWhenTheyAreAskedFor() {
    descriptor(CHUNK, 512, 1, 0);
    chunk(0, 0x7f000000, scattered(0x100000, 511));

    assertThat(area().chunks().limit(1)).containsExactly(CHUNK);
    assertThat(sentenceOf(() -> area().chunks().count()))
        .isEqualTo("/area/chunk 1 at 0x7f000000: 0x7f000000 is absent");
    assertThat(area().runs().findFirst()).hasValue(new BlockRun(0, 0x100000, 4096));
    assertThat(sentenceOf(() -> area().runs().count()))
        .isEqualTo("/area/chunk 1 at 0x7f000000: 0x7f000000 is absent");
  }

  /** A walk has state, which threads must not share. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8})
  void aParallelStreamHasTheSameElements(int chunks) {
    descriptor(CHUNK, chunks * 511, 1, 0);
    for (int i = 0; i < chunks; i++) {
      chunk(
          i,
          i == chunks - 1 ? 0 : CHUNK + 4096L * (i + 1),
          scattered(0x10000000 + 0x1000000L * i, 511));
    }
    assertThat(area().chunks().parallel().toArray()).isEqualTo(area().chunks().toArray());
    assertThat(area().runs().parallel().toList()).isEqualTo(area().runs().toList());
    assertThat(area().runs().parallel().mapToLong(BlockRun::bytes).sum())
        .isEqualTo(chunks * 511L * 4096);
  }

  private String fault() {
    return sentenceOf(() -> area().forEachRun((order, address, bytes) -> {}));
  }

  @Test
  void readsADescriptor() {
    descriptor(CHUNK, 8, 3, 2);

    assertThat(area().descriptor().first()).isEqualTo(CHUNK);
    assertThat(area().descriptor().totalPages()).isEqualTo(8);
    assertThat(area().descriptor().flags()).isEqualTo(3);
    assertThat(area().descriptor().order()).isEqualTo(2);
    assertThat(area().bytes()).isEqualTo(8 * 4096);
  }

  @Test
  void joinsWhatIsPhysicallyAdjacentInVirtualOrder() {
    descriptor(CHUNK, 5, 1, 0);
    chunk(0, 0, 0x5000, 0x6000, 0x3000, 0x4000, 0x5000);

    assertThat(runs(area())).containsExactly("0x5000+0x2000", "0x3000+0x3000");
  }

  @Test
  void joinsOverTheEndOfAChunk() {
    descriptor(CHUNK, 3, 1, 0);
    chunk(0, CHUNK + 0x1000, 0x5000);
    chunk(1, 0, 0x6000, 0x8000);

    assertThat(runs(area())).containsExactly("0x5000+0x2000", "0x8000+0x1000");
    assertThat(area().forEachRun((order, address, bytes) -> {})).isEqualTo(2);
  }

  /** A kernel appends a fresh chunk as soon as one is full, also when nothing follows. */
  @Test
  void followsAFullChunkToTheEmptyOneBehindIt() {
    descriptor(CHUNK, 511, 1, 0);
    chunk(0, CHUNK + 0x1000, scattered(0x100000, 511));
    chunk(1, 0);

    assertThat(area().forEachRun((order, address, bytes) -> {})).isEqualTo(2);
    assertThat(runs(area())).hasSize(511).endsWith("0x4fc000+0x1000");
  }

  @Test
  void readsSeveralChunks() {
    descriptor(CHUNK, 1100, 1, 0);
    chunk(0, CHUNK + 0x1000, scattered(0x10000000, 511));
    chunk(1, CHUNK + 0x2000, scattered(0x20000000, 511));
    chunk(2, 0, scattered(0x30000000, 78));

    List<String> runs = runs(area());
    assertThat(runs).hasSize(1100);
    assertThat(runs.get(510)).isEqualTo("0x103fc000+0x1000");
    assertThat(runs.get(511)).isEqualTo("0x20000000+0x1000");
    assertThat(runs.get(1099)).isEqualTo("0x3009a000+0x1000");
  }

  @Test
  void readsBlocksOfAHugeOrder() {
    descriptor(CHUNK, 4 << 9, 3, 9);
    chunk(0, 0, 0x200000, 0x400000, 0x40000000, 0x800000);

    assertThat(runs(area()))
        .containsExactly("0x200000+0x400000", "0x40000000+0x200000", "0x800000+0x200000");
  }

  @ParameterizedTest
  @EnumSource(PageSize.class)
  void aChunkOfAnyPageSizeIsOnePage(PageSize pageSize) {
    int capacity = pageSize.bytes() / 8 - 1;
    long second = CHUNK + pageSize.bytes();
    descriptor(CHUNK, capacity + 1, 1, 0);
    ram.zeros(CHUNK, 2L * pageSize.bytes()).put64(CHUNK, second);
    for (int i = 0; i < capacity; i++) {
      ram.put64(CHUNK + 8 + 8L * i, 0x10000000 + 2L * i * pageSize.bytes());
    }
    ram.put64(second + 8, 0x70000000);

    assertThat(runs(area(pageSize)))
        .hasSize(capacity + 1)
        .endsWith("0x70000000+0x%x".formatted(pageSize.bytes()));
  }

  @Test
  void anEmptyAreaHasNoChunks() {
    descriptor(0, 0, 0, 0);

    assertThat(area().forEachRun((order, address, bytes) -> {})).isZero();
    assertThat(runs(area())).isEmpty();
    assertThat(area().bytes()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "0x10000, 0, total_pages is 0, 'but first is 0x10000'",
    "0, 3, total_pages is 3, 'but first is 0x0'",
  })
  void firstAndTotalPagesAreZeroTogether(String first, int pages, String has, String and) {
    descriptor(Long.decode(first), pages, 1, 0);

    assertThat(sentenceOf(this::area)).isEqualTo("/area at 0x8000: " + has + ", " + and);
  }

  @Test
  void totalPagesAreAMultipleOfTheOrder() {
    descriptor(CHUNK, 6, 1, 2);

    assertThat(sentenceOf(this::area))
        .isEqualTo("/area at 0x8000: total_pages is 6, not a multiple of 2^2, its order");
  }

  @Test
  void anOrderIsNoMoreThanMemoryCanHave() {
    descriptor(CHUNK, 8, 1, 41);
    assertThat(sentenceOf(this::area)).isEqualTo("/area at 0x8000: order is 41, beyond 40");

    descriptor(CHUNK, 8, 1, 0xffff);
    assertThat(sentenceOf(this::area)).isEqualTo("/area at 0x8000: order is 65535, beyond 40");
  }

  @Test
  void stopsAtAChunkThatIsItsOwnNext() {
    descriptor(CHUNK, 600, 1, 0);
    chunk(0, CHUNK, 0x5000);

    assertThat(fault())
        .isEqualTo("/area/chunk 1 at 0x10000: the chain returns to an earlier chunk");
  }

  @ParameterizedTest
  @CsvSource({"2", "3", "7", "50"})
  void stopsAtALoopInTheChunkList(int length) {
    descriptor(CHUNK, 1 << 20, 1, 0);
    chunk(0, CHUNK + 4096, 0x5000);
    for (int i = 1; i <= length; i++) {
      chunk(i, CHUNK + 4096L * (i == length ? 1 : i + 1), 0x5000);
    }

    assertThat(fault())
        .contains("/area/chunk ", " at 0x1", "the chain returns to an earlier chunk");
  }

  @Test
  void stopsAtALoopOfEmptyChunks() {
    descriptor(CHUNK, 1, 1, 0);
    chunk(0, CHUNK + 4096, 0x5000);
    chunk(1, CHUNK + 4096);

    assertThat(fault()).contains("the chain returns to an earlier chunk");
  }

  @Test
  void namesAChainThatEndsEarly() {
    descriptor(CHUNK, 4, 1, 0);
    chunk(0, 0, 0x5000, 0x7000, 0, 0x9000);

    assertThat(fault())
        .isEqualTo(
            "/area/chunk 0 at 0x10000: entry 2 is 0, but the chain goes on behind it: it lists 2 of"
                + " 4 blocks of total_pages");

    chunk(0, 0, 0x5000, 0x7000, 0, 0);
    assertThat(fault())
        .isEqualTo("/area at 0x8000: the chain ends after 2 of 4 blocks of total_pages");
  }

  @Test
  void namesAChainThatGoesOnAfterTheEnd() {
    descriptor(CHUNK, 2, 1, 0);
    chunk(0, CHUNK + 0x1000, 0x5000, 0x7000);
    chunk(1, 0, 0x9000);

    assertThat(fault())
        .isEqualTo(
            "/area/chunk 1 at 0x11000: the chain lists more blocks than the 2 of total_pages");
  }

  @Test
  void namesAnEntryThatIsNotPageAligned() {
    descriptor(CHUNK, 512, 1, 0);
    chunk(0, CHUNK + 0x1000, scattered(0x100000, 511));
    chunk(1, 0, 0x3);

    assertThat(fault())
        .isEqualTo("/area/chunk 1 at 0x11000: entry 0 is 0x3, no address of a block of order 0");
  }

  @Test
  void namesAnEntryBeyondPhysicalMemory() {
    descriptor(CHUNK, 2, 1, 0);
    chunk(0, 0, 0x5000, 1L << 52);

    assertThat(fault())
        .isEqualTo("/area/chunk 0 at 0x10000: entry 1 is 0x10000000000000, beyond 2^52");
  }

  @Test
  void namesABlockThatEndsBeyondPhysicalMemory() {
    descriptor(CHUNK, 2, 1, 1);
    chunk(0, 0, (1L << 52) - 4096);

    assertThat(fault())
        .isEqualTo(
            "/area/chunk 0 at 0x10000: entry 0 is 0xffffffffff000, no address of a block of order 1");
  }

  @Test
  void namesAChunkThatIsNotPageAligned() {
    descriptor(CHUNK + 8, 1, 1, 0);

    assertThat(fault())
        .isEqualTo("/area/chunk 0 at 0x10008: the address 0x10008 is not aligned to a page of 4K");
  }

  @Test
  void namesANextChunkThatIsAbsent() {
    descriptor(CHUNK, 2, 1, 0);
    chunk(0, 0x7f000000, 0x5000);

    assertThat(fault()).isEqualTo("/area/chunk 1 at 0x7f000000: 0x7f000000 is absent");
  }

  @Test
  void contentComesInVirtualOrderWithItsOffset() {
    descriptor(CHUNK, 4, 1, 0);
    chunk(0, 0, 0x5000, 0x6000, 0x3000, 0x9000);
    ram.put(0x3000, "third").put(0x5000, "first").put(0x6000, "second").put(0x9000, "fourth");

    List<String> content = new ArrayList<>();
    int chunks =
        area()
            .forEachContent(
                Long.MAX_VALUE,
                (segment, offset, address) ->
                    content.add(
                        "%s: 0x%x+0x%x at 0x%x"
                            .formatted(segment.getString(0), offset, segment.byteSize(), address)));

    assertThat(chunks).isEqualTo(1);
    assertThat(content)
        .containsExactly(
            "first: 0x0+0x2000 at 0x5000",
            "third: 0x2000+0x1000 at 0x3000",
            "fourth: 0x3000+0x1000 at 0x9000");
  }

  @Test
  void contentThatIsNotUsedIsNotRead() {
    descriptor(CHUNK, 3, 1, 0);
    chunk(0, 0, 0x5000, 0x9000, 0xb000);
    ram.zeros(0x5000, 4096).zeros(0x9000, 4096);

    List<String> content = new ArrayList<>();
    area()
        .forEachContent(
            0x1008,
            (segment, offset, address) ->
                content.add("0x%x+0x%x".formatted(offset, segment.byteSize())));
    assertThat(content).containsExactly("0x0+0x1000", "0x1000+0x8");

    assertThat(sentenceOf(() -> area().forEachContent(0x2008, (segment, offset, address) -> {})))
        .isEqualTo("/area at 0xb000: 0xb000 is absent");
  }

  @Test
  void largeRunsAreReadInStretches() {
    descriptor(CHUNK, 1 << 10, 1, 10);
    chunk(0, 0, 0x4000000);
    ram.zeros(0x4000000, 4 << 20);

    List<Long> offsets = new ArrayList<>();
    area()
        .forEachContent(
            4 << 20,
            (segment, offset, address) -> {
              assertThat(segment.byteSize()).isEqualTo(1 << 20);
              assertThat(address).isEqualTo(0x4000000 + offset);
              offsets.add(offset);
            });
    assertThat(offsets).containsExactly(0L, 1L << 20, 2L << 20, 3L << 20);
  }
}
