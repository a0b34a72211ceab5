package org.kho4j.handover.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.abi.PageSize;

/** Random calls, each compared with a naive bitmap; every message carries the seed. */
class PageAllocatorModelTest {

  private record Block(int page, int order) {}

  @ParameterizedTest
  @CsvSource({
    "SIZE_4K, 1, false",
    "SIZE_4K, 2, true",
    "SIZE_4K, 3, false",
    "SIZE_16K, 4, false",
    "SIZE_16K, 5, true",
    "SIZE_64K, 6, false",
    "SIZE_64K, 7, true"
  })
  void agreesWithANaiveBitmap(PageSize pageSize, long seed, boolean scattering) {
    SplittableRandom random = new SplittableRandom(seed);
    List<AddressRange> ranges = ranges(pageSize, random);
    PageModel model = new PageModel(pageSize, ranges);
    PageAllocator allocator =
        scattering
            ? PageAllocator.scattering(pageSize, ranges, seed)
            : new PageAllocator(pageSize, ranges);
    PageStatistics whole = allocator.statistics();
    assertThat(whole).isEqualTo(model.statistics());

    List<Block> taken = new ArrayList<>();
    for (int step = 0; step < 40_000; step++) {
      int largest = random.nextInt(100) == 0 ? PageAllocator.MAX_ORDER : 11;
      int order = random.nextInt(random.nextInt(largest + 1) + 1);
      int page = random.nextInt(model.pages()) & -(1 << order);
      // phases of growing and of shrinking, so that memory runs out and merges again
      boolean growing = step / 5_000 % 2 == 0;
      switch (random.nextInt(growing ? 8 : 12)) {
        case 0 -> allocateAt(allocator, model, taken, new Block(page, order));
        case 1 -> freeAnything(allocator, model, page, order, taken);
        case 2, 3, 8, 9, 10, 11 -> freeOne(allocator, model, taken, random);
        default -> allocate(allocator, model, taken, order, seed);
      }
      if (step % 2_000 == 0) {
        assertThat(allocator.statistics())
            .as("seed %d step %d", seed, step)
            .isEqualTo(model.statistics());
      }
    }

    for (Block block : taken) {
      allocator.free(model.address(block.page), block.order);
    }
    assertThat(allocator.statistics()).isEqualTo(whole);
  }

  private static List<AddressRange> ranges(PageSize pageSize, SplittableRandom random) {
    long page = pageSize.bytes();
    long chunk = page << PageAllocator.MAX_ORDER;
    return List.of(
        new AddressRange(3 * chunk + 7 * page, random.nextLong(1, 90) * page),
        new AddressRange(chunk - 5_000 * page, 60_000 * page),
        new AddressRange(chunk + 70_000 * page, chunk + 100 * page));
  }

  private static void allocate(
      PageAllocator allocator, PageModel model, List<Block> taken, int order, long seed) {
    try {
      int page = model.page(allocator.allocate(order));
      assertThat(page & ((1 << order) - 1)).isZero();
      assertThat(model.isFree(page, order)).as("seed %d page %d", seed, page).isTrue();
      model.free.clear(page, page + (1 << order));
      taken.add(new Block(page, order));
    } catch (OutOfPagesException _) {
      assertThat(model.hasFree(order)).as("seed %d order %d", seed, order).isFalse();
    }
  }

  private static void allocateAt(
      PageAllocator allocator, PageModel model, List<Block> taken, Block block) {
    long address = model.address(block.page);
    if (model.isFree(block.page, block.order)) {
      allocator.allocateAt(address, block.order);
      model.free.clear(block.page, block.page + (1 << block.order));
      taken.add(block);
    } else {
      assertThatThrownBy(() -> allocator.allocateAt(address, block.order))
          .isInstanceOf(PageStateException.class)
          .extracting(e -> ((PageStateException) e).address())
          .isEqualTo(model.address(model.free.nextClearBit(block.page)));
    }
  }

  private static void freeAnything(
      PageAllocator allocator, PageModel model, int page, int order, List<Block> taken) {
    if (!model.isTaken(page, order)) {
      assertThatThrownBy(() -> allocator.free(model.address(page), order))
          .isInstanceOf(PageStateException.class);
    } else if (taken.remove(new Block(page, order))) {
      allocator.free(model.address(page), order);
      model.free.set(page, page + (1 << order));
    }
  }

  private static void freeOne(
      PageAllocator allocator, PageModel model, List<Block> taken, SplittableRandom random) {
    if (!taken.isEmpty()) {
      int at = random.nextInt(taken.size());
      Block block = taken.get(at);
      taken.set(at, taken.getLast());
      taken.removeLast();
      allocator.free(model.address(block.page), block.order);
      model.free.set(block.page, block.page + (1 << block.order));
    }
  }
}
