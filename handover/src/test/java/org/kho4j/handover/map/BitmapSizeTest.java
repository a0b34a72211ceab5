package org.kho4j.handover.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.handmade.BitmapList;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.map.MapEvidence.Certainty;
import org.kho4j.handover.root.RootSearch;

/** The rules of ABI-HISTORY 6.1.3, one by one. */
class BitmapSizeTest {

  private static final long ROOT = 0x100000;
  private static final long LIST = 0x4000000;

  private final SparseMemory ram = new SparseMemory();
  private final Tree root = Tree.compatible("kho-v1").u64("preserved-memory-map", LIST);

  private BitmapList list(int bitmapBytes) {
    return new BitmapList(ram, PageSize.SIZE_4K, bitmapBytes, LIST);
  }

  private MapEvidence evidence(PageSize pageSize, @Nullable MapForm told) {
    ram.put(ROOT, root.blob());
    return Handovers.of(ram, List.of(RootSearch.at(ram, ROOT)), pageSize, told)
        .getFirst()
        .mapEvidence();
  }

  private MapEvidence evidence() {
    return evidence(PageSize.SIZE_4K, null);
  }

  @Test
  void rule1ASubtreeLuoMeansPages() {
    root.child(new Tree("LUO").u64("fdt", 0x200000));
    list(4096).preserve(ROOT, 0).finish();

    assertThat(evidence())
        .isEqualTo(
            new MapEvidence(
                MapForm.BITMAPS_PAGE,
                Certainty.CERTAIN,
                "there is a subtree LUO, which kernels since 6.19 have"));
  }

  @ParameterizedTest
  @EnumSource
  void rule2ABitmapThatIsNoPageMeans512Bytes(PageSize pageSize) {
    BitmapList list = new BitmapList(ram, pageSize, 512, LIST);
    list.preserve(ROOT, 0).finish();

    assertThat(evidence(pageSize, null))
        .isEqualTo(
            new MapEvidence(
                MapForm.BITMAPS_512,
                Certainty.CERTAIN,
                "1 of 1 bitmaps are not at a page's start"));
  }

  @Test
  void rule3AStartWithinTheBlocksOfAPageMeans512Bytes() {
    ram.zeros(0x5000000, 4096);
    list(512).element(0, 0x1000000, 0x5000000).finish();

    assertThat(evidence())
        .isEqualTo(
            new MapEvidence(
                MapForm.BITMAPS_512,
                Certainty.CERTAIN,
                "1 of 1 begin within the blocks that a bitmap of a page has bits for"));
  }

  @Test
  void rule4ElementsThatAreCloseMean512Bytes() {
    ram.zeros(0x5000000, 0x2000);
    list(512).element(0, 0, 0x5000000).element(0, 0x1000000, 0x5001000).finish();

    MapEvidence evidence = evidence();
    assertThat(evidence.form()).isEqualTo(MapForm.BITMAPS_512);
    assertThat(evidence.certainty()).isEqualTo(Certainty.CERTAIN);
    assertThat(evidence.because())
        .endsWith("; 1 follow another by fewer blocks than a bitmap of a page has bits");
  }

  @Test
  void elementsOfDifferentOrdersAreNotClose() {
    ram.zeros(0x5000000, 0x2000);
    list(4096).element(0, 0, 0x5000000).element(1, 0, 0x5001000).finish();

    assertThat(evidence().certainty()).isEqualTo(Certainty.SAME_EITHER_WAY);
  }

  @Test
  void rule5OtherwiseNothingTellsAndItIsSaid() {
    list(4096).preserve(ROOT, 0).preserve(0x1800000, 0).finish();

    assertThat(evidence())
        .isEqualTo(
            new MapEvidence(
                MapForm.BITMAPS_PAGE,
                Certainty.UNSURE,
                "nothing determines the size of the bitmaps, 1 in total; bits after the first"
                    + " 512 bytes are set in 1: preserved blocks, or other data after a small"
                    + " bitmap"));
  }

  @Test
  void withoutBitsBehindThe512BytesItMakesNoDifference() {
    list(4096).preserve(ROOT, 0).preserve(0x200000, 9).finish();

    assertThat(evidence())
        .isEqualTo(
            new MapEvidence(
                MapForm.BITMAPS_PAGE,
                Certainty.SAME_EITHER_WAY,
                "nothing determines the size of the bitmaps, 2 in total; no bit after the first"
                    + " 512 bytes is set in any of them"));
  }

  /**
   * One of eight small bitmaps is at the start of a page of 4K: four of them, in one of 4096 lists.
   */
  @Test
  void manyBitmapsAtThePagesStartAreHardlySmallOnes() {
    BitmapList list = list(4096).preserve(ROOT, 0).preserve(0x1800000, 0);
    list.preserve(0x200000, 9).preserve(0x200000, 4);
    list.finish();
    assertThat(evidence().certainty()).isEqualTo(Certainty.UNSURE);

    list.preserve(0x10000000, 0).finish();
    assertThat(evidence())
        .isEqualTo(
            new MapEvidence(
                MapForm.BITMAPS_PAGE,
                Certainty.LIKELY,
                "nothing determines the size of the bitmaps, 4 in total; each is at a page's"
                    + " start, as by chance in one of 2^12 lists of small bitmaps"));
  }

  @Test
  void evidenceThatContradictsItselfIsSaid() {
    root.child(new Tree("LUO").u64("fdt", 0x200000));
    list(512).preserve(ROOT, 0).finish();

    MapEvidence evidence = evidence();
    assertThat(evidence.form()).isEqualTo(MapForm.BITMAPS_PAGE);
    assertThat(evidence.certainty()).isEqualTo(Certainty.UNSURE);
    assertThat(evidence.because())
        .isEqualTo(
            "there is a subtree LUO, which kernels since 6.19 have; but 1 of 1 bitmaps are not at a page's start");
  }

  @Test
  void whatIsRightForNeitherIsNoEvidence() {
    BitmapList list = list(4096).preserve(ROOT, 0);
    list.element(0, 0x123000, 0x5000000).element(1, 0, 0x5000100).finish();

    assertThat(evidence().certainty()).isEqualTo(Certainty.SAME_EITHER_WAY);
  }

  @Test
  void theUserKnowsBetter() {
    list(4096).preserve(ROOT, 0).finish();

    assertThat(evidence(PageSize.SIZE_4K, MapForm.BITMAPS_512))
        .isEqualTo(new MapEvidence(MapForm.BITMAPS_512, Certainty.TOLD, "the form was given"));
  }
}
