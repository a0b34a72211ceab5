package org.kho4j.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.handmade.Radix;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.handmade.Tree;
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
    assertThat(handovers).extracting(Handover::isMapIntact).containsExactly(false, true);
  }

  @Test
  void anIncomingMapThatIsStillWholeIsIntact() {
    generation(0x1000000, 1, true);
    generation(0x2000000, 2, true);

    assertThat(Handovers.find(ram)).extracting(Handover::isMapIntact).containsExactly(true, true);
  }

  @Test
  void anIncomingMapThatIsBrokenAnywhereIsConsumed() {
    generation(0x1000000, 1, true);
    generation(0x2000000, 2, true);
    ram.put64(0x1100000 + 8, 0x3);

    assertThat(Handovers.find(ram)).extracting(Handover::isMapIntact).containsExactly(false, true);
  }

  /** An outgoing map with a fault is a finding, and no reason to hide the rest of it. */
  @Test
  void anOutgoingMapThatIsBrokenSomewhereIsStillRead() {
    generation(0x1000000, 1, true);
    ram.put64(0x1100000 + 8, 0x3);

    Handover handover = Handovers.find(ram).getFirst();
    assertThat(handover.role()).isEqualTo(Role.OUTGOING);
    assertThat(handover.isMapIntact()).isTrue();
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
  void aRootAloneIsIncomingIfItsMapIsGone() {
    generation(0x1000000, 5, false);

    assertThat(Handovers.find(ram)).extracting(Handover::role).containsExactly(Role.INCOMING);
    assertThat(Handovers.find(ram).getFirst().isMapIntact()).isFalse();
  }

  @Test
  void whereNoCountTellsTheMapDoes() {
    KernelMemory kernel = new KernelMemory();

    assertThat(kernel.handover().role()).isEqualTo(Role.OUTGOING);
    kernel.ram.remove(KernelMemory.MAP, 4096);
    assertThat(kernel.handover().role()).isEqualTo(Role.INCOMING);
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
    assertThat(sentenceOf(handover::version))
        .isEqualTo(
            "/ at 0x100000: compatible \"kho-v9\" is none of [kho-v1, kho-v2, kho-v3, kho-v4]:"
                + " perhaps of a newer kernel");
    assertThat(sentenceOf(() -> handover.subtrees(problem -> {}))).contains("\"kho-v9\"");
    assertThat(sentenceOf(handover::preservedMap)).contains("\"kho-v9\"");
  }

  @ParameterizedTest
  @CsvSource({"kho-v1", "kho-v2"})
  void refusesOlderVersionsByName(String compatible) {
    KernelMemory kernel = new KernelMemory();
    kernel.root().text("compatible", compatible);

    assertThat(sentenceOf(() -> kernel.handover().version()))
        .startsWith("/ at 0x100000: compatible \"" + compatible + "\" (Linux ")
        .endsWith(") is known, but reading it is not supported yet: kho-v3 and kho-v4 are");
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
    List<String> problems = new java.util.ArrayList<>();

    assertThat(kernel.handover().subtrees(problem -> problems.add(problem.sentence())))
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
            "/preserved-memory-map at 0x5001: the root node's address 0x5001 is not aligned to a"
                + " page of 4K");
  }
}
