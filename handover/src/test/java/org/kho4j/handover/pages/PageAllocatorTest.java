package org.kho4j.handover.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.PageSize;

class PageAllocatorTest {

  private static final long PAGE = 4096;
  private static final long MIB = 1 << 20;
  private static final long BASE = 0x4000_0000;

  @Test
  void givesTheLowestAddressesFirst() {
    PageAllocator allocator = of(BASE, MIB);

    assertThat(allocator.allocate(0)).isEqualTo(BASE);
    assertThat(allocator.allocate(0)).isEqualTo(BASE + PAGE);
    assertThat(allocator.allocate(2)).isEqualTo(BASE + 4 * PAGE);
    assertThat(allocator.allocate(0)).isEqualTo(BASE + 2 * PAGE);
    assertThat(allocator.freePages()).isEqualTo(256 - 7);
  }

  @ParameterizedTest
  @EnumSource
  void hasBlocksOfAllOrdersInAllPageSizes(PageSize pageSize) {
    PageAllocator allocator =
        new PageAllocator(
            pageSize,
            List.of(new AddressRange(0, 2 * pageSize.blockBytes(PageAllocator.MAX_ORDER))));

    for (int order = PageAllocator.MAX_ORDER; order >= 0; order--) {
      long address = allocator.allocate(order);
      assertThat(address % pageSize.blockBytes(order)).isZero();
    }
    assertThat(allocator.freePages()).isEqualTo(1);
  }

  @Test
  void alignsBlocksByAddressNotByRange() {
    PageAllocator allocator = of(BASE + PAGE, 4 * PAGE);

    assertThat(allocator.allocate(1)).isEqualTo(BASE + 2 * PAGE);
    assertThatThrownBy(() -> allocator.allocate(1))
        .isInstanceOf(OutOfPagesException.class)
        .hasMessage(
            "no free block of order 1 (8192 bytes): 2 of 4 pages are free, the largest block is of order 0");
  }

  @Test
  void mergesBackToWhatItWas() {
    PageAllocator allocator = of(BASE, 64 * MIB);
    PageStatistics whole = allocator.statistics();
    assertThat(whole.largestOrder()).isEqualTo(14);
    List<Long> pages = new ArrayList<>();
    for (int i = 0; i < 16_384; i++) {
      pages.add(allocator.allocate(0));
    }
    assertThat(allocator.statistics().largestOrder()).isEqualTo(-1);
    assertThat(new HashSet<>(pages)).hasSize(16_384);

    Collections.shuffle(pages, new Random(5));
    pages.forEach(page -> allocator.free(page, 0));

    assertThat(allocator.statistics()).isEqualTo(whole);
    assertThat(allocator.allocate(14)).isEqualTo(BASE);
  }

  @Test
  void freesPartsOfABlockAndWholesOfParts() {
    PageAllocator allocator = of(BASE, MIB);
    long block = allocator.allocate(3);
    for (int page = 0; page < 8; page++) {
      allocator.free(block + page * PAGE, 0);
    }
    assertThat(allocator.statistics().largestOrder()).isEqualTo(8);

    allocator.allocateAt(BASE, 2);
    allocator.allocateAt(BASE + 4 * PAGE, 2);
    allocator.free(BASE, 3);
    assertThat(allocator.freePages()).isEqualTo(256);
  }

  @Test
  void placesBlocksExactly() {
    PageAllocator allocator = of(BASE, MIB);
    allocator.allocateAt(BASE + 8 * PAGE, 3);

    assertThatThrownBy(() -> allocator.allocateAt(BASE, 4))
        .isInstanceOf(PageStateException.class)
        .hasMessage("0x40008000, page 8 of 0x40000000-0x4000ffff, is already allocated");
    assertThatThrownBy(() -> allocator.allocateAt(BASE + MIB, 0))
        .hasMessage("0x40100000, page 0 of 0x40100000-0x40100fff, is not memory to allocate from");
    assertThatThrownBy(() -> allocator.allocateAt(BASE + PAGE, 1))
        .isInstanceOf(PageStateException.class)
        .hasMessage("0x40001000 is not aligned to a block of order 1, 0x2000 bytes");
    assertThat(allocator.freePages()).isEqualTo(248);
  }

  @Test
  void freesNothingTwice() {
    PageAllocator allocator = of(BASE, 16 * MIB);
    long small = allocator.allocate(0);
    long large = allocator.allocate(9);
    allocator.free(small, 0);
    allocator.free(large + PAGE, 0);
    PageStatistics before = allocator.statistics();

    assertThatThrownBy(() -> allocator.free(small, 0))
        .isInstanceOf(PageStateException.class)
        .hasMessage("0x40000000, page 0 of 0x40000000-0x40000fff, is already free");
    assertThatThrownBy(() -> allocator.free(large, 9))
        .hasMessageContaining("0x%x, page 1 of".formatted(large + PAGE));
    assertThatThrownBy(() -> allocator.free(0, 0))
        .hasMessageContaining("0x0, page 0 of 0x0-0xfff, is not memory to allocate from");
    assertThat(allocator.statistics()).isEqualTo(before);
  }

  @Test
  void claimsRangesThatAreInUse() {
    PageAllocator allocator = of(BASE, 16 * MIB);
    allocator.claim(BASE + 3 * PAGE, 1000 * PAGE);

    assertThat(allocator.freePages()).isEqualTo(4096 - 1000);
    assertThat(allocator.isFree(BASE + 1003 * PAGE, PAGE)).isTrue();
    assertThat(allocator.isFree(BASE + 1002 * PAGE, 2 * PAGE)).isFalse();
    assertThatThrownBy(() -> allocator.claim(BASE, 4 * PAGE))
        .isInstanceOf(PageStateException.class)
        .hasMessageContaining("0x40003000, page 3 of 0x40000000-0x40003fff, is already allocated");
    assertThatThrownBy(() -> allocator.claim(BASE + 15 * MIB, 2 * MIB))
        .hasMessageContaining("0x41000000, page 256 of");

    allocator.release(BASE + 3 * PAGE, 1000 * PAGE);
    assertThat(allocator.statistics().largestOrder()).isEqualTo(12);
  }

  @Test
  void releasesNothingThatIsFree() {
    PageAllocator allocator = of(BASE, 16 * MIB);
    allocator.claim(BASE, 10 * PAGE);

    assertThatThrownBy(() -> allocator.release(BASE, 11 * PAGE))
        .isInstanceOf(PageStateException.class)
        .hasMessage("0x4000a000, page 10 of 0x40000000-0x4000afff, is already free");
    assertThat(allocator.freePages()).isEqualTo(4096 - 10);
  }

  @Test
  void neverGivesWhatIsExcluded() {
    PageAllocator allocator = of(BASE, MIB);
    allocator.exclude(BASE + 16 * PAGE, 100 * PAGE);
    allocator.exclude(BASE + 100 * PAGE, 20 * PAGE);

    Set<Long> given = new HashSet<>();
    for (int i = 0; i < 256 - 104; i++) {
      given.add(allocator.allocate(0));
    }

    assertThat(given)
        .hasSize(152)
        .noneMatch(page -> page >= BASE + 16 * PAGE && page < BASE + 120 * PAGE);
    assertThat(allocator.statistics().pages()).isEqualTo(152);
    assertThatThrownBy(() -> allocator.allocate(0)).isInstanceOf(OutOfPagesException.class);
    assertThatThrownBy(() -> allocator.free(BASE + 16 * PAGE, 0))
        .hasMessageContaining("is not memory to allocate from");
  }

  @Test
  void excludesNothingThatIsTaken() {
    PageAllocator allocator = of(BASE, MIB);
    allocator.allocateAt(BASE + 70 * PAGE, 0);
    PageStatistics before = allocator.statistics();

    assertThatThrownBy(() -> allocator.exclude(BASE + 3 * PAGE, 80 * PAGE))
        .isInstanceOf(PageStateException.class)
        .hasMessage("0x40046000 is allocated, so 0x40003000-0x40052fff cannot be reserved");
    assertThat(allocator.statistics()).isEqualTo(before);
  }

  @Test
  void leavesHolesAlone() {
    PageAllocator allocator =
        new PageAllocator(
            PageSize.SIZE_4K,
            List.of(
                new AddressRange(1L << 40, 2 * PAGE),
                new AddressRange(0x1000, PAGE),
                new AddressRange((1L << 52) - PAGE, PAGE)));

    List<Long> given = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      given.add(allocator.allocate(0));
    }

    assertThat(given)
        .containsExactlyInAnyOrder(0x1000L, 1L << 40, (1L << 40) + PAGE, (1L << 52) - PAGE);
    given.forEach(page -> allocator.free(page, 0));
    allocator.exclude(0, 1L << 52);
    assertThat(allocator.statistics().pages()).isZero();
  }

  @Test
  void scattersOnPurposeAndRepeatably() {
    List<AddressRange> ranges = List.of(new AddressRange(BASE, 64 * MIB));
    PageAllocator one = PageAllocator.scattering(PageSize.SIZE_4K, ranges, 42);
    PageAllocator other = PageAllocator.scattering(PageSize.SIZE_4K, ranges, 42);
    int touching = 0;
    long last = 0;
    for (int i = 0; i < 4_000; i++) {
      long page = one.allocate(0);
      assertThat(other.allocate(0)).isEqualTo(page);
      touching += page == last + PAGE ? 1 : 0;
      last = page;
    }

    assertThat(touching).isLessThan(40);
    assertThat(one.statistics().largestOrder()).isLessThan(10);
  }

  @Test
  void scattersUntilTheLastPage() {
    PageAllocator allocator =
        PageAllocator.scattering(
            PageSize.SIZE_4K, List.of(new AddressRange(BASE + 5 * PAGE, 1_001 * PAGE)), 1);
    Set<Long> given = new HashSet<>();
    for (int i = 0; i < 1_001; i++) {
      given.add(allocator.allocate(0));
    }

    assertThat(given).hasSize(1_001);
    assertThatThrownBy(() -> allocator.allocate(0)).isInstanceOf(OutOfPagesException.class);
  }

  @Test
  void refusesRangesThatAreNoRanges() {
    assertThatThrownBy(() -> of(BASE + 1, PAGE))
        .isInstanceOf(PageStateException.class)
        .hasMessage("0x1000 bytes at 0x40000001 are not whole pages of 4K below 2^52");
    assertThatThrownBy(() -> of((1L << 52) - PAGE, 2 * PAGE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("52 bits");
    assertThatThrownBy(() ->
            new PageAllocator(
                PageSize.SIZE_4K,
                List.of(new AddressRange(0, 4 * PAGE), new AddressRange(3 * PAGE, PAGE))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("0x3000-0x3fff overlaps another range");
    assertThatThrownBy(() -> new PageAllocator(PageSize.SIZE_4K, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> of(BASE, MIB).allocate(19))
        .isInstanceOf(PageStateException.class)
        .hasMessage("order 19 is not between 0 and 18");
  }

  private static PageAllocator of(long address, long length) {
    return new PageAllocator(PageSize.SIZE_4K, List.of(new AddressRange(address, length)));
  }
}
