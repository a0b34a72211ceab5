package org.kho4j.handover.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.Radix;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverMemory;

class PreservedMapTest {

  private static final long ROOT = 0x4000000;

  private final SparseMemory ram = new SparseMemory();

  private record Run(int order, long address, long bytes) {
    @Override
    public String toString() {
      return "order %d: 0x%x+0x%x".formatted(order, address, bytes);
    }
  }

  private static PreservedMap map(SparseMemory ram, PageSize pageSize) {
    return new RadixMap(new HandoverMemory(ram, pageSize), ROOT, MapForm.RADIX);
  }

  private PreservedMap map() {
    return map(ram, PageSize.SIZE_4K);
  }

  private Radix tree() {
    return new Radix(ram, PageSize.SIZE_4K, ROOT);
  }

  private static List<Run> runs(PreservedMap map) {
    List<Run> runs = new ArrayList<>();
    map.forEachRun((order, address, bytes) -> runs.add(new Run(order, address, bytes)));
    return runs;
  }

  private static List<String> problems(PreservedMap map) {
    List<String> problems = new ArrayList<>();
    map.summary().problems().forEach(problem -> problems.add(problem.getMessage()));
    return problems;
  }

  /** The contract's test vectors, placed slot by slot as the contract lists them. */
  @Test
  void readsTheContractsKeys() {
    ram.zeros(ROOT, 6 * 4096);
    // Physical 0x123456000, order 0: indices 2, 0, 0, 0, 36 and bit 13398 of the leaf.
    ram.put64(ROOT + 8 * 2, ROOT + 0x1000);
    ram.put64(ROOT + 0x1000, ROOT + 0x2000);
    ram.put64(ROOT + 0x2000, ROOT + 0x3000);
    ram.put64(ROOT + 0x3000, ROOT + 0x4000);
    ram.put64(ROOT + 0x4000 + 8 * 36, ROOT + 0x5000);
    ram.put64(ROOT + 0x5000 + 13398 / 64 * 8, 1L << 13398 % 64);

    assertThat(runs(map())).containsExactly(new Run(0, 0x123456000L, 0x1000));
    assertThat(map().lookup().orderAt(0x123456000L)).isZero();
    assertThat(map().summary().nodes()).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({
    "0x10000000123456, 0x123456000, 0",
    "0x400000001, 0x40000000, 18",
    "0x80000000800, 0x100000000, 9",
  })
  void decodesTheContractsKeys(String key, String address, int order) {
    tree().key(Long.decode(key));

    assertThat(runs(map())).containsExactly(new Run(order, Long.decode(address), 4096L << order));
  }

  @Test
  void mergesNeighboursOverWordsAndLeaves() {
    Radix tree = tree();
    // The last 3 pages of one leaf's 128 MiB, and the first 70 of the next one's.
    for (long page = 0x8000 - 3; page < 0x8000 + 70; page++) {
      tree.preserve(page << 12, 0);
    }
    tree.preserve((0x8000L + 71) << 12, 0);

    assertThat(runs(map()))
        .containsExactly(new Run(0, 0x7ffd000, 73 * 4096), new Run(0, 0x8047000, 4096));
  }

  @Test
  void mergesAWholeLeaf() {
    Radix tree = tree();
    long leaf = tree.leaf(1L << 52);
    for (int word = 0; word < 512; word++) {
      ram.put64(leaf + 8L * word, -1L);
    }

    assertThat(runs(map())).containsExactly(new Run(0, 0, 128 << 20));
    assertThat(map().summary().blocks().total()).isEqualTo(32768);
  }

  @Test
  void keepsOrdersApartHighestFirst() {
    tree()
        .preserve(0x1000, 0)
        .preserve(0x2000, 1)
        .preserve(0x4000, 1)
        .preserve(0x200000, 9)
        .preserve(0x400000, 9)
        .preserve(0x40000000, 18);

    assertThat(runs(map()))
        .containsExactly(
            new Run(18, 0x40000000, 0x40000000),
            new Run(9, 0x200000, 0x400000),
            new Run(1, 0x2000, 0x4000),
            new Run(0, 0x1000, 0x1000));
  }

  /** Orders 38 to 40 have keys of less than 16 bits, so they share the leaf of key 0. */
  @Test
  void readsTheLowestLeafBitByBit() {
    tree()
        .preserve(0, 40)
        .preserve(1L << 51, 39)
        .preserve(1L << 50, 38)
        .preserve(2L << 50, 38)
        .preserve(0, 37);

    assertThat(runs(map()))
        .containsExactly(
            new Run(40, 0, 1L << 52),
            new Run(39, 1L << 51, 1L << 51),
            new Run(38, 1L << 50, 2L << 50),
            new Run(37, 0, 1L << 49));
    List<Long> counts = new ArrayList<>();
    map().summary().blocks().forEach((order, bytes, blocks) -> counts.add(blocks));
    assertThat(counts).containsExactly(1L, 2L, 1L, 1L);
  }

  @Test
  void looksUpTheHighestOrderThatStartsThere() {
    tree().preserve(0x200000, 9).preserve(0x200000, 0).preserve(0x201000, 0).preserve(0x202000, 1);
    PreservedMap.Lookup lookup = map().lookup();

    assertThat(lookup.orderAt(0x200000)).isEqualTo(9);
    assertThat(lookup.orderAt(0x201000)).isZero();
    assertThat(lookup.orderAt(0x202000)).isEqualTo(1);
    assertThat(lookup.orderAt(0x203000)).isEqualTo(-1);
    assertThat(lookup.orderAt(0x200001)).isEqualTo(-1);
    assertThat(lookup.orderAt(1L << 52)).isEqualTo(-1);
    assertThat(lookup.orderAt(-4096)).isEqualTo(-1);
    assertThat(lookup.isPreserved(0x200000, 0)).isTrue();
    assertThat(lookup.isPreserved(0x200000, 1)).isFalse();
    assertThat(lookup.isPreserved(0x200800, 0)).as("in the middle of a page").isFalse();
    assertThat(lookup.isPreserved(1L << 52, 0)).as("beyond physical memory").isFalse();
  }

  @Test
  void anEmptyTreeHasNoRuns() {
    tree();

    assertThat(runs(map())).isEmpty();
    assertThat(map().lookup().orderAt(0)).isEqualTo(-1);
    MapSummary summary = map().summary();
    assertThat(summary.nodes()).isEqualTo(1);
    assertThat(summary.blocks().total()).isZero();
    assertThat(summary.blocks().bytes()).isZero();
  }

  @Test
  void sumsUpWhatItHolds() {
    Radix tree = tree().preserve(0x1000, 0).preserve(0x3000, 0).preserve(0x200000, 9);

    MapSummary summary = map().summary();

    assertThat(summary.nodes()).isEqualTo(tree.pages());
    assertThat(summary.blocks().total()).isEqualTo(3);
    assertThat(summary.blocks().bytes()).isEqualTo(0x202000);
  }

  /** 64 leaves and more are counted on all cores. */
  @ParameterizedTest
  @EnumSource(PageSize.class)
  void countsTheSameOnAllCores(PageSize pageSize) {
    Radix tree = new Radix(ram, pageSize, ROOT);
    long leafBytes = 8L * pageSize.bytes() * pageSize.bytes();
    for (int i = 0; i < 200; i++) {
      tree.preserve(i * leafBytes, 0).preserve(i * leafBytes + 5L * pageSize.bytes(), 0);
    }
    tree.preserve(0, 4);

    MapSummary summary = map(ram, pageSize).summary();

    long[] walked = new long[2];
    map(ram, pageSize)
        .forEachRun((order, address, bytes) -> {
          walked[0] += bytes >>> (pageSize.shift() + order);
          walked[1] += bytes;
        });
    assertThat(walked[0]).isEqualTo(401);
    assertThat(summary.blocks().total()).isEqualTo(401);
    assertThat(summary.blocks().bytes()).isEqualTo(walked[1]);
    assertThat(summary.nodes()).isEqualTo(tree.pages());
  }

  @Test
  void findsAPageThatIsReachedTwice() {
    Radix tree = tree().preserve(0x1000, 0);
    long key = 1L << 52;
    long level1 = tree.node(key, 1);
    long leaf = tree.leaf(key);
    ram.put64(level1 + 8 * 7, leaf);

    assertThat(sentenceOf(() -> runs(map())))
        .isEqualTo(
            "/preserved-memory-map/leaf at 0x%x: the tree reaches this page a second time"
                .formatted(leaf));
    MapSummary summary = map().summary();
    assertThat(summary.problems()).hasSize(1);
    assertThat(summary.blocks().total()).isEqualTo(1);
    assertThat(summary.nodes()).isEqualTo(6);
  }

  @Test
  void findsATreeThatLeadsBackToItsRoot() {
    Radix tree = tree().preserve(0x1000, 0);
    ram.put64(tree.node(1L << 52, 3) + 8 * 9, ROOT);

    assertThat(problems(map()))
        .containsExactly(
            "/preserved-memory-map/node of level 2 at 0x4000000: the tree reaches this page a second time");
  }

  @Test
  void namesASlotOfTheRootThatNoKeyCanUse() {
    tree().preserve(0x1000, 0);
    ram.put64(ROOT + 8 * 17, 0x5000);

    assertThat(problems(map()))
        .containsExactly(
            "/preserved-memory-map/node of level 5 at 0x4000000: slot 17 is 0x5000: only slots 0"
                + " to 3 are possible, because a key has at most 53 bits");
  }

  @Test
  void namesAChildThatIsNotPageAligned() {
    ram.put64(ROOT + 8, 0x5008);

    assertThat(sentenceOf(() -> runs(map())))
        .isEqualTo(
            "/preserved-memory-map/node of level 4 at 0x5008: the address 0x5008 is not aligned to a page of 4K");
  }

  @Test
  void namesAChildThatIsNotInTheSource() {
    ram.put64(ROOT + 8, 0x70000000);

    assertThat(problems(map()))
        .containsExactly(
            "/preserved-memory-map/node of level 4 at 0x70000000: 0x70000000 is absent");
  }

  @Test
  void namesAChildBeyondPhysicalMemory() {
    ram.put64(ROOT + 8, 0x7fff888000000000L);

    assertThat(problems(map()))
        .containsExactly(
            "/preserved-memory-map/node of level 4 at 0x7fff888000000000: 0x7fff888000000000 is"
                + " not a physical address: it is beyond 2^52");
  }

  @Test
  void namesTheSlotThatACrashKernelConverted() {
    ram.put64(ROOT + 8, 0x8000000000020000L);

    String sentence =
        ("/preserved-memory-map/node of level 5 at 0x%x: slot 1 is 0x8000000000020000: bit 63 marks"
                + " an address that a crash kernel has converted in place, from physical to its own"
                + " virtual one")
            .formatted(ROOT);
    assertThat(problems(map())).containsExactly(sentence);
    assertThat(sentenceOf(() -> runs(map()))).isEqualTo(sentence);
  }

  @Test
  void namesKeyZero() {
    Radix tree = tree().key(0);

    String sentence =
        "/preserved-memory-map/leaf at 0x%x: bit 0 is set, but key 0 has no order"
            .formatted(tree.leaf(0));
    assertThat(problems(map())).containsExactly(sentence);
    assertThat(sentenceOf(() -> runs(map()))).isEqualTo(sentence);
  }

  @Test
  void namesAnOrderThatPhysicalMemoryCannotHave() {
    // Key 1 would be one block of 2^52 pages.
    Radix tree = tree().key(1);

    assertThat(problems(map()))
        .containsExactly(
            "/preserved-memory-map/leaf at 0x%x: key 0x1 has order 52, which is not within 0 to 40"
                .formatted(tree.leaf(1)));
  }

  @ParameterizedTest
  @CsvSource({
    // A leaf that lies beyond as a whole.
    "0, 0x10000000000000, 0x10000000000000",
    // Order 37: bits 8 to 32767 of the leaf stand for blocks beyond, and the last ends at 2^64.
    "37, 0x10000000000000, 0x12000000000000",
    "37, 0xfffe000000000000, 0x0",
    "36, 0x7fff000000000000, 0x8000000000000000",
    // The lowest leaf, bit by bit.
    "40, 0x10000000000000, 0x20000000000000",
    "38, 0xfffc000000000000, 0x0",
  })
  void namesABlockBeyondPhysicalMemory(int order, String address, String end) {
    Radix tree = tree();
    long key =
        1L << (52 - order) | Long.parseUnsignedLong(address.substring(2), 16) >>> (12 + order);
    tree.key(key);

    String place = "/preserved-memory-map/leaf at 0x%x: ".formatted(tree.leaf(key));
    assertThat(problems(map())).singleElement().asString().startsWith(place).contains("2^52");
    assertThat(runsBeforeTheFault(map())).isEmpty();
    assertThat(sentenceOf(() -> runs(map()))).startsWith(place).contains("order " + order);
  }

  @Test
  void streamsRunsUpToTheFirstBrokenLeaf() {
    Radix tree = tree().preserve(0x200000, 9).preserve(0x600000, 9);
    long beyond = 1L << 52 | 1L << 40;
    tree.key(beyond);

    assertThat(map().runs().limit(1)).containsExactly(new BlockRun(9, 0x200000, 0x200000));
    assertThat(sentenceOf(() -> map().runs().toList()))
        .startsWith("/preserved-memory-map/leaf at 0x%x: ".formatted(tree.leaf(beyond)));
  }

  /** The edges that the loop over a leaf's words treats apart. */
  @Test
  void findsRunsAtTheEdgesOfWords() {
    Radix tree = tree();
    List<Run> expected = new ArrayList<>();
    long[][] pageRuns = {
      // first bit, last bit of a word, a whole word, one bit on each side of a border, two words
      {0, 1}, {63, 1}, {128, 64}, {255, 2}, {320, 128}, {512, 1}, {514, 1}, {575, 130}
    };
    for (long[] run : pageRuns) {
      for (long page = run[0]; page < run[0] + run[1]; page++) {
        tree.preserve(page << 12, 0);
      }
      expected.add(new Run(0, run[0] << 12, run[1] << 12));
    }

    assertThat(runs(map())).isEqualTo(expected);
  }

  private static List<Run> runsBeforeTheFault(PreservedMap map) {
    List<Run> runs = new ArrayList<>();
    sentenceOf(
        () -> map.forEachRun((order, address, bytes) -> runs.add(new Run(order, address, bytes))));
    return runs;
  }

  @Test
  void takesTheVeryLastBlock() {
    tree().preserve((1L << 52) - 4096, 0).preserve((1L << 52) - (1L << 49), 37);

    assertThat(problems(map())).isEmpty();
    assertThat(runs(map()))
        .containsExactly(
            new Run(37, (1L << 52) - (1L << 49), 1L << 49), new Run(0, (1L << 52) - 4096, 4096));
  }

  @Test
  void stopsAfterSoManyProblems() {
    ram.zeros(ROOT, 0x2000);
    ram.put64(ROOT, ROOT + 0x1000);
    for (int slot = 0; slot < 512; slot++) {
      ram.put64(ROOT + 0x1000 + 8L * slot, 0x123);
    }

    assertThat(problems(map())).hasSize(64);
  }

  @Test
  void stopsAfterSoManyBrokenLeaves() {
    Radix tree = tree();
    for (int i = 0; i < 300; i++) {
      // Order 0, from 2^52 on.
      tree.key(1L << 52 | 1L << 40 | (long) i << 15);
    }

    assertThat(problems(map())).hasSize(64);
  }

  @Test
  void lookupNamesWhatIsBrokenOnTheWay() {
    ram.put64(ROOT + 8 * 2, 0x5008);

    assertThat(sentenceOf(() -> map().lookup().isPreserved(0x1000, 0)))
        .isEqualTo(
            "/preserved-memory-map/node of level 4 at 0x5008: the address 0x5008 is not aligned to a page of 4K");
  }
}
