package org.kho4j.handover.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.BitmapList;
import org.kho4j.handover.handmade.Radix;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.wire.HandoverMemory;

/** Random maps against sets of blocks. */
class PreservedMapModelTest {

  private static final long ROOT = 0x4000000;

  static List<Arguments> maps() {
    List<Arguments> maps = new ArrayList<>();
    for (PageSize pageSize : PageSize.values()) {
      for (MapForm form : MapForm.values()) {
        for (int seed = 0; seed < 8; seed++) {
          maps.add(Arguments.of(pageSize, form, seed));
        }
      }
    }
    return maps;
  }

  @ParameterizedTest(name = "{0} pages, {1}, seed {2}")
  @MethodSource("maps")
  void agreesWithANaiveModel(PageSize pageSize, MapForm form, int seed) {
    SparseMemory ram = new SparseMemory();
    Handmade tree = handmade(ram, pageSize, form);
    // Addresses of blocks by order, highest order first.
    TreeMap<Integer, Set<Long>> model = new TreeMap<>(Comparator.reverseOrder());
    Random random = new Random(seed);
    int physicalOrder = 52 - pageSize.shift();
    // A list's bitmap is of one order; a tree that lacks the bit of order 0 has no room for others.
    int maxOrder =
        form == MapForm.RADIX
            ? physicalOrder
            : form == MapForm.RADIX_SHORT ? 12 : physicalOrder - 9;
    for (int cluster = 0; cluster < 30; cluster++) {
      int order = random.nextInt(4) == 0 ? random.nextInt(maxOrder + 1) : random.nextInt(4);
      long blocks = 1L << (physicalOrder - order);
      long near = random.nextBoolean() ? Math.min(blocks, 1 << 18) : blocks;
      long block = random.nextLong(near);
      for (int length = random.nextInt(150); length >= 0 && block < blocks; length--) {
        long address = block << (pageSize.shift() + order);
        tree.preserve(address, order);
        model.computeIfAbsent(order, o -> new TreeSet<>()).add(address);
        block += random.nextInt(5) == 0 ? 2 : 1;
      }
    }
    int parts = tree.parts();
    PreservedMap map = PreservedMap.of(new HandoverMemory(ram, pageSize), ROOT, form);

    List<String> runs = new ArrayList<>();
    map.forEachRun((order, address, bytes) ->
        runs.add("order %d: 0x%x+0x%x".formatted(order, address, bytes)));

    boolean pagesFirst = form == MapForm.RADIX_SHORT && pageSize == PageSize.SIZE_16K;
    List<String> expectedRuns = runs(model, pageSize);
    if (pagesFirst) {
      expectedRuns.sort(Comparator.comparing(run -> !run.startsWith("order 0:")));
    }
    assertThat(runs).as("seed %d", seed).isEqualTo(expectedRuns);
    assertThat(map.runs())
        .as("seed %d", seed)
        .extracting(run -> "order %d: 0x%x+0x%x".formatted(run.order(), run.address(), run.bytes()))
        .isEqualTo(expectedRuns);
    MapSummary summary = map.summary();
    assertThat(summary.problems()).isEmpty();
    Map<Integer, Long> counts = new HashMap<>();
    summary.blocks().forEach((order, bytes, blocks) -> counts.put(order, blocks));
    Map<Integer, Long> expected = new HashMap<>();
    model.forEach((order, blocks) -> expected.put(order, (long) blocks.size()));
    assertThat(counts).as("seed %d", seed).isEqualTo(expected);
    assertThat(summary.nodes()).as("seed %d", seed).isEqualTo(parts);

    PreservedMap.Lookup lookup = map.lookup();
    model.forEach((order, blocks) ->
        blocks.forEach(block -> {
          for (long address : new long[] {block, block + pageSize.bytes()}) {
            assertThat(lookup.orderAt(address))
                .as("seed %d, order at 0x%x", seed, address)
                .isEqualTo(orderAt(model, address));
          }
        }));
  }

  /** Writes a map of some form. */
  private interface Handmade {
    void preserve(long address, int order);

    /** Completes it, and counts what it consists of. */
    int parts();
  }

  private static Handmade handmade(SparseMemory ram, PageSize pageSize, MapForm form) {
    if (form == MapForm.BITMAPS_512 || form == MapForm.BITMAPS_PAGE) {
      int bytes = form == MapForm.BITMAPS_512 ? 512 : pageSize.bytes();
      BitmapList list = new BitmapList(ram, pageSize, bytes, ROOT);
      return new Handmade() {
        @Override
        public void preserve(long address, int order) {
          list.preserve(address, order);
        }

        @Override
        public int parts() {
          return list.parts(list.finish());
        }
      };
    }
    Radix tree =
        form == MapForm.RADIX_SHORT && pageSize == PageSize.SIZE_16K
            ? new Radix(ram, pageSize, ROOT, 4)
            : new Radix(ram, pageSize, ROOT);
    return new Handmade() {
      @Override
      public void preserve(long address, int order) {
        tree.preserve(address, order);
      }

      @Override
      public int parts() {
        return tree.pages();
      }
    };
  }

  private static List<String> runs(Map<Integer, Set<Long>> model, PageSize pageSize) {
    List<String> runs = new ArrayList<>();
    model.forEach((order, blocks) -> {
      long size = (long) pageSize.bytes() << order;
      for (long start : blocks) {
        if (blocks.contains(start - size)) {
          continue;
        }
        long end = start;
        while (blocks.contains(end)) {
          end += size;
        }
        runs.add("order %d: 0x%x+0x%x".formatted(order, start, end - start));
      }
    });
    return runs;
  }

  private static int orderAt(Map<Integer, Set<Long>> model, long address) {
    for (Map.Entry<Integer, Set<Long>> blocks : model.entrySet()) {
      if (blocks.getValue().contains(address)) {
        return blocks.getKey();
      }
    }
    return -1;
  }
}
