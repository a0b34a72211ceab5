package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kho4j.abi.KhoVersion.MapForm.BITMAPS_PAGE;
import static org.kho4j.abi.KhoVersion.MapForm.RADIX;
import static org.kho4j.abi.KhoVersion.MapForm.RADIX_SHORT;
import static org.kho4j.abi.PageSize.SIZE_16K;
import static org.kho4j.abi.PageSize.SIZE_4K;
import static org.kho4j.abi.PageSize.SIZE_64K;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class KhoRadixTest {

  @ParameterizedTest
  @CsvSource({
    "0x123456000, 0, 0x10000000123456",
    "0x40000000, 18, 0x400000001",
    "0x100000000, 9, 0x80000000800",
    // from a capture of 7.3.4: the root FDT, a reservation of 1 MiB, a folio of 128 KiB
    "0x492000, 0, 0x10000000000492",
    "0x7700000, 8, 0x100000000077",
    "0x560000, 5, 0x80000000002b"
  })
  void encodesAndDecodesKnownKeysOf4kPages(String address, int order, String key) {
    assertThat(KhoRadix.key(SIZE_4K, Long.decode(address), order)).isEqualTo(Long.decode(key));
    assertThat(KhoRadix.order(SIZE_4K, Long.decode(key))).isEqualTo(order);
    assertThat(KhoRadix.address(SIZE_4K, Long.decode(key))).isEqualTo(Long.decode(address));
  }

  @Test
  void walksTheKnownPathOf4kPages() {
    long key = 0x10000000123456L;
    int[] path = new int[6];
    for (int level = 0; level < path.length; level++) {
      path[path.length - 1 - level] = KhoRadix.index(SIZE_4K, level, key);
    }
    assertThat(path).containsExactly(2, 0, 0, 0, 36, 13398);
  }

  @Test
  void depthOfEveryFormAndPageSize() {
    assertThat(depths(RADIX)).containsExactly(6, 5, 4);
    assertThat(depths(RADIX_SHORT)).containsExactly(6, 4, 4);
    assertThat(depths(BITMAPS_PAGE)).containsExactly(0, 0, 0);
  }

  private static int[] depths(KhoVersion.MapForm form) {
    return new int[] {form.depth(SIZE_4K), form.depth(SIZE_16K), form.depth(SIZE_64K)};
  }

  @ParameterizedTest
  @CsvSource({"SIZE_4K, 9, 15, 52", "SIZE_16K, 11, 17, 50", "SIZE_64K, 13, 19, 48"})
  void bitsOfTablesLeavesAndTheMarkerOfOrder0(PageSize size, int table, int leaf, int marker) {
    assertThat(KhoRadix.tableBits(size)).isEqualTo(table);
    assertThat(KhoRadix.leafBits(size)).isEqualTo(leaf);
    assertThat(KhoRadix.orderZeroBit(size)).isEqualTo(marker);
  }

  @ParameterizedTest
  @CsvSource({
    "SIZE_4K, 0 15 24 33 42 51",
    "SIZE_16K, 0 17 28 39 50",
    "SIZE_64K, 0 19 32 45",
  })
  void firstKeyBitOfEveryLevel(PageSize size, String shifts) {
    String[] expected = shifts.split(" ", -1);
    assertThat(RADIX.depth(size)).isEqualTo(expected.length);
    for (int level = 0; level < expected.length; level++) {
      assertThat(KhoRadix.levelShift(size, level)).isEqualTo(Integer.parseInt(expected[level]));
    }
  }

  @Test
  void fewRootSlotsAreUsable() {
    assertThat(KhoRadix.rootSlots(SIZE_4K, 6)).containsExactly(0, 1, 2);
    assertThat(KhoRadix.rootSlots(SIZE_16K, 5)).containsExactly(0, 1);
    assertThat(KhoRadix.rootSlots(SIZE_64K, 4)).containsExactly(0, 1, 2, 4, 8);
  }

  @Test
  void aShortTreeOf16kPagesLosesTheMarkerOfOrder0() {
    long key = KhoRadix.key(SIZE_16K, 0x4000, 0);
    long reassembled = 0;
    for (int level = 0; level < RADIX_SHORT.depth(SIZE_16K); level++) {
      reassembled |=
          (long) KhoRadix.index(SIZE_16K, level, key) << KhoRadix.levelShift(SIZE_16K, level);
    }
    assertThat(reassembled).isEqualTo(1L).isNotEqualTo(key);
    assertThat(KhoRadix.rootSlots(SIZE_16K, 4)).hasSizeGreaterThan(5).contains(1024, 512);
  }

  @ParameterizedTest
  @EnumSource
  void everyKeyComesBackThroughTheIndicesOfItsPath(PageSize size) {
    Random random = new Random(20261122);
    for (int i = 0; i < 100_000; i++) {
      int order = random.nextInt(KhoRadix.maxOrder(size) + 1);
      long address = random.nextLong() >>> (64 - KhoRadix.MAX_PHYSICAL_BITS);
      address &= -size.blockBytes(order);
      long key = KhoRadix.key(size, address, order);
      long reassembled = 0;
      for (int level = 0; level < RADIX.depth(size); level++) {
        reassembled |= (long) KhoRadix.index(size, level, key) << KhoRadix.levelShift(size, level);
      }
      assertThat(reassembled).as("0x%x order %d", address, order).isEqualTo(key);
      assertThat(KhoRadix.order(size, key)).isEqualTo(order);
      assertThat(KhoRadix.address(size, key)).isEqualTo(address);
      assertThat(KhoRadix.rootSlots(size, RADIX.depth(size)))
          .contains(KhoRadix.index(size, RADIX.depth(size) - 1, key));
      assertThat(64 - Long.numberOfLeadingZeros(key)).isLessThanOrEqualTo(64 - size.shift() + 1);
    }
  }

  @Test
  void refusesBlocksThatNoKeyCanName() {
    assertThatThrownBy(() -> KhoRadix.key(SIZE_4K, 0x1000, 1)).hasMessageContaining("0x1000");
    assertThatThrownBy(() -> KhoRadix.key(SIZE_4K, 0, 41)).hasMessageContaining("0 to 40");
    assertThatThrownBy(() -> KhoRadix.key(SIZE_4K, 0, -1)).hasMessageContaining("order -1");
    assertThatThrownBy(() -> KhoRadix.key(SIZE_4K, 1L << 52, 0)).hasMessageContaining("2^52");
  }
}
