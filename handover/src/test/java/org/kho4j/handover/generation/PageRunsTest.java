package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

class PageRunsTest {

  private static final long PAGE = 4096;

  private record Block(long page, int order) {}

  private static List<Block> split(
      PageSize pageSize, long page, long pages, List<AddressRange> nodes) {
    List<Block> blocks = new ArrayList<>();
    PageRuns.forEachBlock(
        pageSize,
        page * pageSize.bytes(),
        pages * pageSize.bytes(),
        nodes,
        (address, order) -> blocks.add(new Block(address / pageSize.bytes(), order)));
    return blocks;
  }

  @Test
  void takesFromTheFrontWhatAlignmentAndLengthAllow() {
    assertThat(split(PageSize.SIZE_4K, 5, 27, List.of()))
        .containsExactly(new Block(5, 0), new Block(6, 1), new Block(8, 3), new Block(16, 4));
    assertThat(split(PageSize.SIZE_4K, 8, 7, List.of()))
        .containsExactly(new Block(8, 2), new Block(12, 1), new Block(14, 0));
  }

  @Test
  void pageZeroIsAlignedToEverything() {
    assertThat(split(PageSize.SIZE_4K, 0, 1 << 20, List.of())).containsExactly(new Block(0, 20));
  }

  @Test
  void lowersTheOrderUntilABlockIsOnOneNode() {
    List<AddressRange> nodes =
        List.of(new AddressRange(0, 24 * PAGE), new AddressRange(24 * PAGE, 100 * PAGE));

    assertThat(split(PageSize.SIZE_4K, 16, 16, nodes))
        .containsExactly(new Block(16, 3), new Block(24, 3));
    assertThat(split(PageSize.SIZE_4K, 0, 32, nodes))
        .containsExactly(new Block(0, 4), new Block(16, 3), new Block(24, 3));
  }

  /** What is on no node is as one node of its own. */
  @Test
  void splitsWhereANodeEnds() {
    List<AddressRange> nodes = List.of(new AddressRange(0, 2 * PAGE));

    assertThat(split(PageSize.SIZE_4K, 0, 8, nodes))
        .containsExactly(new Block(0, 1), new Block(2, 1), new Block(4, 2));
  }

  /**
   * The rule of the contract's history, 13.1: order = min(trailing zero bits of pfn, floor(log2 of
   * the remaining pages)), lowered until first and last page are on one node.
   */
  @ParameterizedTest
  @EnumSource(PageSize.class)
  void followsTheRuleForAnyRun(PageSize pageSize) {
    for (long seed = 0; seed < 400; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      long page = random.nextLong(1L << random.nextInt(1, 30));
      long pages = random.nextLong(1, 3000);
      List<AddressRange> nodes = new ArrayList<>();
      long start = 0;
      for (int node = random.nextInt(4); node > 0; node--) {
        long length = 1 + random.nextLong(page + pages) / 2;
        nodes.add(new AddressRange(start * pageSize.bytes(), length * pageSize.bytes()));
        start += length;
      }

      List<Block> expected = new ArrayList<>();
      for (long pfn = page; pfn < page + pages; pfn += 1L << expected.getLast().order) {
        int order = 0;
        while (pfn % (2L << order) == 0 && 2L << order <= page + pages - pfn && order < 40) {
          order++;
        }
        while (node(pfn, pageSize, nodes) != node(pfn + (1L << order) - 1, pageSize, nodes)) {
          order--;
        }
        expected.add(new Block(pfn, order));
      }

      assertThat(split(pageSize, page, pages, nodes)).as("seed %d", seed).isEqualTo(expected);
    }
  }

  private static int node(long pfn, PageSize pageSize, List<AddressRange> nodes) {
    for (int node = 0; node < nodes.size(); node++) {
      if (nodes.get(node).overlaps(pfn * pageSize.bytes(), 1)) {
        return node;
      }
    }
    return -1;
  }
}
