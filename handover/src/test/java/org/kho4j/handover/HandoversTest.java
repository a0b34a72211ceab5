package org.kho4j.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover.MapState;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.handmade.BitmapList;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.handmade.Radix;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.root.Subtree;
import org.kho4j.memory.MemorySource;

class HandoversTest {

  private final SparseMemory ram = new SparseMemory();

  /** A root FDT, its map one MiB behind it, and the metadata of a kernel two MiB behind it. */
  private void generation(long root, int kexecCount, boolean mapIntact) {
    long map = root + 0x100000;
    long metadata = root + 0x200000;
    ram.put(
        root,
        Tree.compatible("kho-v4")
            .u64("preserved-memory-map", map)
            .child(new Tree("kexec-metadata").u64("preserved-data", metadata).u64("blob-size", 73))
            .blob());
    ram.put32(metadata, 1).put(metadata + 4, "7.3.4").put32(metadata + 69, kexecCount);
    if (mapIntact) {
      new Radix(ram, PageSize.SIZE_4K, map).preserve(root, 0);
    } else {
      ram.zeros(map, 4096).put(map, "used again for something else");
    }
  }

  @Test
  void aRunningSecondKernelHasBoth() {
    generation(0x1000000, 1, false);
    generation(0x2000000, 2, true);

    List<Handover> handovers = Handovers.find(ram);
    assertThat(handovers).extracting(Handover::role).containsExactly(Role.INCOMING, Role.OUTGOING);
    assertThat(handovers).extracting(Handover::hasMap).containsExactly(false, true);
  }

  /** The memory of a guest of 7.3.4 had one, in which kho had read debugfs. */
  @Test
  void aCopyOfARootFdtIsNoHandover() {
    generation(0x1000000, 1, true);
    RootFdt root = RootSearch.search(ram, bytes -> {}).roots().getFirst();
    ram.put(0x3000000, ram.read(0x1000000, root.totalSize()).toArray(ValueLayout.JAVA_BYTE));

    assertThat(RootSearch.search(ram, bytes -> {}).roots()).hasSize(2);
    assertThat(Handovers.find(ram))
        .extracting(handover -> handover.root().address())
        .containsExactly(0x1000000L);

    ram.zeros(0x1100000, 4096).put(0x1100000, "used again for something else");
    assertThat(Handovers.find(ram))
        .as("without the map, neither is known to be the copy")
        .hasSize(2);
  }

  @Test
  void anIncomingMapThatIsStillWholeIsIntact() {
    generation(0x1000000, 1, true);
    generation(0x2000000, 2, true);

    assertThat(Handovers.find(ram)).extracting(Handover::hasMap).containsExactly(true, true);
  }

  @Test
  void anIncomingMapThatIsBrokenAnywhereIsConsumed() {
    generation(0x1000000, 1, true);
    generation(0x2000000, 2, true);
    ram.put64(0x1100000 + 8, 0x3);

    assertThat(Handovers.find(ram)).extracting(Handover::hasMap).containsExactly(false, true);
  }

  /** An outgoing map with a fault is a finding, and no reason to hide the rest of it. */
  @Test
  void anOutgoingMapThatIsBrokenSomewhereIsStillRead() {
    generation(0x1000000, 1, true);
    ram.put64(0x1100000 + 8, 0x3);

    Handover handover = Handovers.find(ram).getFirst();
    assertThat(handover.role()).isEqualTo(Role.OUTGOING);
    assertThat(handover.hasMap()).isTrue();
    assertThat(handover.mapState()).isEqualTo(MapState.DAMAGED);
    assertThat(handover.mapFault())
        .contains(handover.mapSummary().problems().getFirst().getMessage());
  }

  @Test
  void oldRootsThatWereLeftBehindHaveNoRole() {
    generation(0x1000000, 1, false);
    generation(0x2000000, 2, false);
    generation(0x3000000, 3, true);

    assertThat(Handovers.find(ram))
        .extracting(Handover::role)
        .containsExactly(Role.UNKNOWN, Role.INCOMING, Role.OUTGOING);
  }

  @Test
  void aRootAloneIsOutgoingIfItsMapStands() {
    generation(0x1000000, 5, true);

    assertThat(Handovers.find(ram)).extracting(Handover::role).containsExactly(Role.OUTGOING);
  }

  @Test
  void aRootAloneWhoseMapCannotBeReadIsNotSaidToBeTaken() {
    generation(0x1000000, 5, false);

    Handover handover = Handovers.find(ram).getFirst();
    assertThat(handover.role()).isEqualTo(Role.UNKNOWN);
    assertThat(handover.mapState()).isEqualTo(MapState.UNREADABLE);
    assertThat(handover.taken()).isEmpty();
    assertThat(handover.mapFault()).get().asString().startsWith("/preserved-memory-map/");
  }

  @Test
  void anotherPageSizeDoesNotMakeAHandoverIncoming() {
    generation(0x1000000, 1, true);

    Handover handover =
        Handovers.of(ram, RootSearch.search(ram, bytes -> {}).roots(), PageSize.SIZE_64K)
            .getFirst();
    assertThat(handover.role()).isEqualTo(Role.UNKNOWN);
    assertThat(handover.mapState()).isEqualTo(MapState.UNREADABLE);
    assertThat(handover.mapFault()).isPresent();
  }

  @Test
  void whatShowsThatAKernelHasTakenAHandoverIsSaid() {
    generation(0x1000000, 1, false);
    generation(0x2000000, 2, true);

    assertThat(Handovers.find(ram).getFirst().taken())
        .contains("its kexec count is 1, and that of the outgoing handover at 0x2000000 is 2");
  }

  @Test
  void whereNoCountTellsTheMapDoes() {
    KernelMemory kernel = new KernelMemory();

    assertThat(kernel.handover().role()).isEqualTo(Role.OUTGOING);
    kernel.ram.remove(KernelMemory.MAP, 4096);
    assertThat(kernel.handover().role()).isEqualTo(Role.UNKNOWN);
  }

  @ParameterizedTest
  @EnumSource(PageSize.class)
  void aRawImageShowsItsPageSize(PageSize pageSize) {
    KernelMemory kernel = new KernelMemory(pageSize);
    kernel.handover();

    Handover found = Handovers.find(kernel.ram).getFirst();
    assertThat(found.pageSize()).isEqualTo(pageSize);
    assertThat(found.preservedMap().lookup().isPreserved(KernelMemory.ROOT, 0)).isTrue();
  }

  @Test
  void thePageSizeThatASourceTellsIsTakenWhereTheMapTellsNone() {
    KernelMemory kernel =
        new KernelMemory(
            PageSize.SIZE_16K,
            new SparseMemory(MemorySource.Machine.AARCH64, OptionalInt.of(65536)));
    kernel.handover();
    kernel.ram.remove(KernelMemory.MAP, 4096);

    assertThat(Handovers.find(kernel.ram).getFirst().pageSize()).isEqualTo(PageSize.SIZE_64K);
  }

  /** As in a kdump dump that QEMU wrote of a guest with 16K pages. */
  @Test
  void theMapKnowsBetterThanTheSourceWhichPageSizeThereIs() {
    KernelMemory kernel =
        new KernelMemory(
            PageSize.SIZE_16K,
            new SparseMemory(MemorySource.Machine.AARCH64, OptionalInt.of(65536)));
    kernel.handover();

    assertThat(Handovers.find(kernel.ram).getFirst().pageSize()).isEqualTo(PageSize.SIZE_16K);
  }

  @Test
  void aPageSizeThatLinuxDoesNotHaveIsNotTaken() {
    KernelMemory kernel =
        new KernelMemory(
            PageSize.SIZE_16K,
            new SparseMemory(MemorySource.Machine.AARCH64, OptionalInt.of(8192)));
    kernel.handover();

    assertThat(Handovers.find(kernel.ram).getFirst().pageSize()).isEqualTo(PageSize.SIZE_16K);
  }

  @Test
  void x86HasPagesOf4K() {
    KernelMemory kernel =
        new KernelMemory(
            PageSize.SIZE_16K, new SparseMemory(MemorySource.Machine.X86_64, OptionalInt.empty()));
    kernel.handover();

    assertThat(Handovers.find(kernel.ram).getFirst().pageSize()).isEqualTo(PageSize.SIZE_4K);
  }

  @Test
  void refusesAVersionThatNobodyKnows() {
    KernelMemory kernel = new KernelMemory();
    kernel.root().text("compatible", "kho-v9");
    Handover handover = kernel.handover();

    assertThat(handover.role()).isEqualTo(Role.UNKNOWN);
    assertThat(sentenceOf(handover::version)).isEqualTo("/ at 0x100000: a newer contract: kho-v9");
    assertThat(handover.isNewer()).isTrue();
    assertThat(sentenceOf(handover::preservedMap)).contains("kho-v9");
  }

  /** A handover of kho-v1: root FDT, and its list one MiB behind it. */
  private void list(long root, Tree tree, PageSize pageSize, boolean finalized) {
    long map = root + 0x100000;
    ram.put(root, tree.u64("preserved-memory-map", finalized ? map : 0).blob());
    if (finalized) {
      new BitmapList(ram, pageSize, 512, map).preserve(root, 0).finish();
    }
  }

  @ParameterizedTest
  @EnumSource
  void readsVersion1(PageSize pageSize) {
    Tree blob = Tree.compatible("anything-v1");
    ram.put(0x3000000, blob.blob());
    Tree root = Tree.compatible("kho-v1").child(new Tree("anything").u64("fdt", 0x3000000));
    list(0x1000000, root, pageSize, true);

    Handover handover = Handovers.find(ram).getFirst();
    assertThat(handover.pageSize()).isEqualTo(pageSize);
    assertThat(handover.version().compatible()).isEqualTo("kho-v1");
    assertThat(handover.role()).isEqualTo(Role.OUTGOING);
    assertThat(handover.mapState()).isEqualTo(MapState.INTACT);
    assertThat(handover.mapEvidence().form()).isEqualTo(MapForm.BITMAPS_512);
    assertThat(handover.subtrees(problem -> {}))
        .containsExactly(new Subtree("anything", 0x3000000, blob.blob().length));
  }

  @Test
  void aMapOfVersion1IsWrittenWhenTheHandoverIsFinalized() {
    list(0x1000000, Tree.compatible("kho-v1"), PageSize.SIZE_4K, false);

    Handover handover = Handovers.find(ram).getFirst();
    assertThat(handover.role()).isEqualTo(Role.OUTGOING);
    assertThat(handover.mapState()).isEqualTo(MapState.NOT_FINALIZED);
    assertThat(sentenceOf(handover::preservedMap))
        .isEqualTo(
            "/preserved-memory-map at 0x1000000: is 0: the handover was not finalized, so there"
                + " is no map yet");
  }

  @Test
  void aRunningSecondKernelOfVersion1HasBoth() {
    list(0x1000000, Tree.compatible("kho-v1"), PageSize.SIZE_4K, true);
    ram.zeros(0x1100000, 4096).put(0x1100000, "used again for something else");
    list(0x2000000, Tree.compatible("kho-v1"), PageSize.SIZE_4K, false);

    List<Handover> handovers = Handovers.find(ram);
    assertThat(handovers).extracting(Handover::role).containsExactly(Role.INCOMING, Role.OUTGOING);
    assertThat(handovers)
        .extracting(Handover::mapState)
        .containsExactly(MapState.CONSUMED, MapState.NOT_FINALIZED);
  }

  @Test
  void readsVersion2() {
    KernelMemory kernel = new KernelMemory();
    byte[] blob = Tree.compatible("anything-v1").blob();
    kernel.ram.put(0x200000, blob).put(0x201000, "no tree here".repeat(10));
    kernel
        .root()
        .text("compatible", "kho-v2")
        .child(new Tree("anything").u64("preserved-data", 0x200000))
        .child(new Tree("text").u64("preserved-data", 0x201000));
    List<String> problems = new ArrayList<>();

    assertThat(kernel.handover().subtrees(problem -> problems.add(problem.getMessage())))
        .containsExactly(new Subtree("anything", 0x200000, blob.length));
    assertThat(problems)
        .containsExactly(
            "/text at 0x201000: the blob is not a device tree, and kho-v2 stores no other size of"
                + " a blob");
  }

  /** With 16K pages, a tree of 4 levels and of 5 levels go by the string kho-v3. */
  @ParameterizedTest
  @CsvSource({"kho-v3, 4, RADIX_SHORT", "kho-v3, 5, RADIX", "kho-v2, 4, RADIX_SHORT"})
  void tellsTheDepthOfATreeOf16KPages(String compatible, int depth, MapForm form) {
    ram.put(0x1000000, Tree.compatible(compatible).u64("preserved-memory-map", 0x1100000).blob());
    Radix tree = new Radix(ram, PageSize.SIZE_16K, 0x1100000, depth);
    tree.preserve(0x1000000, 0).preserve(0x44000000, 3);

    Handover handover = Handovers.find(ram).getFirst();
    assertThat(handover.pageSize()).isEqualTo(PageSize.SIZE_16K);
    assertThat(handover.mapState()).isEqualTo(MapState.INTACT);
    assertThat(handover.mapEvidence().form()).isEqualTo(form);
    assertThat(handover.mapEvidence().certainty())
        .isEqualTo(
            compatible.equals("kho-v2")
                ? MapEvidence.Certainty.ONLY
                : MapEvidence.Certainty.CERTAIN);
    List<String> runs = new ArrayList<>();
    handover
        .preservedMap()
        .forEachRun(
            (order, address, bytes) -> runs.add(order + " at 0x" + Long.toHexString(address)));
    assertThat(runs).containsExactlyInAnyOrder("3 at 0x44000000", "0 at 0x1000000");
  }

  @Test
  void rootEntriesThatNoKeyReachesMeanATreeOf4Levels() {
    ram.put(0x1000000, Tree.compatible("kho-v3").u64("preserved-memory-map", 0x1100000).blob());
    new Radix(ram, PageSize.SIZE_16K, 0x1100000, 4).preserve(0x1000000, 0).preserve(0x8000, 1);

    Handover handover =
        Handovers.of(ram, List.of(RootSearch.at(ram, 0x1000000)), PageSize.SIZE_16K).getFirst();
    assertThat(handover.mapEvidence())
        .isEqualTo(
            new MapEvidence(
                MapForm.RADIX_SHORT,
                MapEvidence.Certainty.CERTAIN,
                "1 entries of the root from 2 on are in use, and a tree of 5 levels has no keys there"));
  }

  @Test
  void aTreeThatIsNeitherIsSaidToBe() {
    ram.put(0x1000000, Tree.compatible("kho-v3").u64("preserved-memory-map", 0x1100000).blob());
    ram.zeros(0x1100000, 0x4000);

    Handover handover =
        Handovers.of(ram, List.of(RootSearch.at(ram, 0x1000000)), PageSize.SIZE_16K).getFirst();
    assertThat(handover.mapEvidence().certainty()).isEqualTo(MapEvidence.Certainty.UNSURE);
    assertThat(handover.mapEvidence().because())
        .isEqualTo("with neither number of levels does the map preserve the root FDT's own page");
  }

  @Test
  void readsVersion3() {
    KernelMemory kernel = new KernelMemory();
    kernel.root().text("compatible", "kho-v3");
    kernel.subtree("anything", 0x200000, 12);

    Handover handover = kernel.handover();
    assertThat(handover.version().compatible()).isEqualTo("kho-v3");
    assertThat(handover.subtrees(problem -> {}))
        .containsExactly(new Subtree("anything", 0x200000, 12));
    assertThat(handover.subtree("anything")).isPresent();
    assertThat(handover.subtree("another")).isEmpty();
  }

  @Test
  void aSubtreeThatCannotBeRetrievedIsLeftOutAndNamed() {
    KernelMemory kernel = new KernelMemory();
    kernel.root().child(new Tree("old").u64("preserved-data", 0x200000));
    kernel.root().child(new Tree("odd").u32("preserved-data", 1).u64("blob-size", 1));
    kernel.subtree("good", 0x200000, 12);
    List<String> problems = new ArrayList<>();

    assertThat(kernel.handover().subtrees(problem -> problems.add(problem.getMessage())))
        .extracting(Subtree::name)
        .containsExactly("good");
    assertThat(problems)
        .containsExactly(
            "/old at 0x100000: the property blob-size is missing",
            "/odd at 0x100000: the property preserved-data has 4 bytes, not 8");
  }

  @Test
  void aRootWithoutAMapIsNamed() {
    KernelMemory kernel = new KernelMemory();
    kernel.root().without("preserved-memory-map");
    assertThat(sentenceOf(() -> kernel.handover().preservedMap()))
        .isEqualTo(
            "/preserved-memory-map at 0x100000: the property preserved-memory-map is missing");

    kernel.root().u64("preserved-memory-map", 0);
    assertThat(sentenceOf(() -> kernel.handover().preservedMap()))
        .isEqualTo("/preserved-memory-map at 0x100000: is 0: there is no map");

    kernel.root().u64("preserved-memory-map", 0x5001);
    assertThat(sentenceOf(() -> kernel.handover().preservedMap()))
        .isEqualTo(
            "/preserved-memory-map at 0x5001: the map's address 0x5001 is not aligned to a"
                + " page of 4K");
  }
}
