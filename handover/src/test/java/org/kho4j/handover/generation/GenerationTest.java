package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.map.BlockBatch;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.WritableMemory;

/** What a generation refuses, and how it says so. */
class GenerationTest {

  private static final long PAGE = 4096;
  private static final long BASE = 0x40000000L;
  private static final long SIZE = 2000 * PAGE;
  private static final AddressRange SCRATCH = new AddressRange(BASE + 0x10000, 0x10000);

  private final WritableMemory memory = WritableMemory.allocate(BASE, SIZE);
  private final Generation generation =
      Generation.first(memory, Setup.of(PageSize.SIZE_4K, List.of(SCRATCH), "test"));

  @AfterEach
  void close() {
    memory.close();
  }

  /** The sentence of an operation that must be refused and leave everything as it was. */
  private String refusal(ThrowingCallable operation) {
    State before = State.of(generation);
    Throwable[] refusal = new Throwable[1];
    assertThatThrownBy(operation).isInstanceOf(KhoException.class).satisfies(e -> refusal[0] = e);
    assertThat(State.of(generation)).isEqualTo(before);
    return refusal[0].getMessage();
  }

  @Test
  void memoryThatIsPreservedAlready() {
    Folio folio = generation.allocateAt(BASE + 0x40000, 3);
    generation.preserve(folio);

    assertThat(refusal(() -> generation.preserve(new Folio(BASE + 0x40000, 4))))
        .isEqualTo("folio at 0x40040000: 65536 bytes overlap page 0x40040000, which is preserved");
    assertThat(refusal(() -> generation.preservePages(BASE + 0x3e000, 4 * PAGE)))
        .isEqualTo(
            "page run at 0x4003e000: 16384 bytes overlap page 0x40040000, which is preserved");
    OwnedArea area =
        generation.areaOf(
            List.of(generation.allocateAt(BASE + 0x50000, 0), new Folio(BASE + 0x47000, 0)));
    assertThat(refusal(() -> generation.preserve("/list", area)))
        .isEqualTo("/list at 0x40047000: 4096 bytes overlap page 0x40047000, which is preserved");
  }

  @Test
  void anAreaThatHasABlockTwice() {
    Folio folio = generation.allocate(0);
    OwnedArea area = generation.areaOf(List.of(folio, generation.allocate(0), folio));

    assertThat(refusal(() -> generation.preserve(area))).contains("which is preserved");
  }

  /** Pages of an area are looked at many at a time: what was added before is taken back. */
  @Test
  void anAreaWhoseLastBlockIsPreserved() {
    for (int blocks : new int[] {1, BlockBatch.MOST, BlockBatch.MOST + 1, 2 * BlockBatch.MOST}) {
      try (WritableMemory large = WritableMemory.allocate(BASE, 6 * BlockBatch.MOST * PAGE)) {
        Generation first =
            Generation.first(large, Setup.of(PageSize.SIZE_4K, List.of(SCRATCH), "large"));
        List<Folio> folios = new ArrayList<>();
        for (int block = 0; block < blocks; block++) {
          folios.add(new Folio(first.allocate(1).address(), 0));
        }
        first.preserve(folios.getLast());
        OwnedArea area = first.areaOf(folios);
        State before = State.of(first);

        assertThatThrownBy(() -> first.preserve(area))
            .isInstanceOf(PreservationException.class)
            .hasMessageContaining("page 0x%x, which is", folios.getLast().address());
        assertThat(State.of(first)).isEqualTo(before);
      }
    }
  }

  @Test
  void anAreaWithABlockAtAddressZero() {
    try (WritableMemory low = WritableMemory.allocate(0, 100 * PAGE)) {
      List<AddressRange> scratch = List.of(new AddressRange(0x10000, 0x10000));
      Generation first = Generation.first(low, Setup.of(PageSize.SIZE_4K, scratch, "low"));
      OwnedArea area = first.areaOf(List.of(first.allocate(0), new Folio(0, 0)));
      State before = State.of(first);

      assertThatThrownBy(() -> first.preserve("/list", area))
          .isInstanceOf(PreservationException.class)
          .hasMessage(
              "/list at 0x0: 4096 bytes overlap page 0x0, which is not the caller's: free, the engine's own, or not restored");
      assertThat(State.of(first)).isEqualTo(before);
    }
  }

  @Test
  void memoryInScratch() {
    assertThat(refusal(() -> generation.preserve(new Folio(BASE + 0x1f000, 0))))
        .isEqualTo(
            "folio at 0x4001f000: 4096 bytes overlap scratch region 0x40010000-0x4001ffff, which"
                + " the next generation overwrites");
    assertThat(refusal(() -> generation.preservePages(BASE + 0xf000, 2 * PAGE)))
        .startsWith("page run at 0x4000f000: 8192 bytes overlap scratch region");
  }

  @Test
  void memoryThatNobodyAllocated() {
    generation.allocateAt(BASE + 0x100000, 0);

    assertThat(refusal(() -> generation.preservePages(BASE + 0x100000, 2 * PAGE)))
        .isEqualTo(
            "page run at 0x40100000: 8192 bytes overlap page 0x40101000, which is not the caller's: free, the engine's own, or not restored");
  }

  @Test
  void memoryThatIsMisaligned() {
    assertThat(refusal(() -> generation.preserve(new Folio(BASE + 0x41000, 3))))
        .isEqualTo("folio at 0x40041000: not aligned to the 32768 bytes of a block of order 3");
    assertThat(refusal(() -> generation.preservePages(BASE + 0x41800, PAGE)))
        .isEqualTo("page run at 0x40041800: 4096 bytes are not whole pages of 4K");
    assertThat(refusal(() -> generation.preservePages(BASE + 0x41000, 100)))
        .isEqualTo("page run at 0x40041000: 100 bytes are not whole pages of 4K");
    assertThat(refusal(() -> generation.preservePages(BASE + 0x41000, 0)))
        .isEqualTo("page run at 0x40041000: 0 bytes are not whole pages of 4K");
  }

  @Test
  void ordersThatNoBlockHas() {
    assertThat(refusal(() -> generation.preserve(new Folio(BASE, 60))))
        .isEqualTo("folio at 0x40000000: order 60 is not within 0 to 50");
    assertThat(refusal(() -> generation.preserve(new Folio(BASE, -1))))
        .isEqualTo("folio at 0x40000000: order -1 is not within 0 to 50");
    assertThat(refusal(() -> generation.segment(new Folio(BASE, 63))))
        .isEqualTo("folio at 0x40000000: order 63 is not within 0 to 50");
  }

  @Test
  void aScratchArrayOutsideOfScratch() {
    for (long place : new long[] {BASE + 0x40000, BASE + 0x10001, BASE + 0x1fff8, 0, -8}) {
      Generation placed =
          Generation.first(
              memory,
              Setup.of(PageSize.SIZE_4K, List.of(SCRATCH), "test")
                  .withPlacement(path ->
                      path.equals("/scratch") ? OptionalLong.of(place) : OptionalLong.empty()));
      assertThatThrownBy(placed::handOver)
          .isInstanceOf(PreservationException.class)
          .hasMessageContaining("16 bytes are in no scratch region");
    }
  }

  @Test
  void aKexecCountThatIsNoU32() {
    Setup setup = Setup.of(PageSize.SIZE_4K, List.of(SCRATCH), "test");
    for (long count : new long[] {-1, 1L << 32}) {
      assertThatThrownBy(() -> setup.withKexecCount(count))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Long.toString(count));
    }
  }

  @Test
  void memoryThatIsNotThere() {
    assertThat(refusal(() -> generation.preserve(new Folio(BASE + SIZE, 0))))
        .isEqualTo(
            "folio at 0x407d0000: 4096 bytes are partly outside of memory, which has 0x40000000"
                + " to 0x407cffff");
    assertThat(refusal(() -> generation.preservePages(BASE + SIZE - PAGE, 2 * PAGE)))
        .startsWith("page run at 0x407cf000: 8192 bytes are partly outside of memory");
    assertThat(refusal(() -> generation.free(new Folio(0x1000, 0))))
        .startsWith("folio at 0x1000: 4096 bytes are partly outside of memory");
  }

  @Test
  void blobsThatAreNotPreserved() {
    Folio folio = generation.allocateAt(BASE + 0x40000, 1);

    assertThat(refusal(() -> generation.addSubtree("mine", BASE + 0x40010, 12)))
        .isEqualTo("/mine at 0x40040010: the blob of 12 bytes is not preserved");
    generation.preserve(folio);
    assertThat(refusal(() -> generation.addSubtree("mine", BASE + 0x41ff8, 12)))
        .isEqualTo("/mine at 0x40041ff8: the blob of 12 bytes is not preserved");
    assertThat(refusal(() -> generation.addSubtree("mine", BASE + 0x40000, 0)))
        .isEqualTo("/mine at 0x40040000: 0 bytes cannot be a blob");
  }

  @Test
  void blobsThatWerePreservedOnlyUntilTheHandOver() {
    Folio blob = generation.addBlob("mine", 12);
    generation.unpreserve(blob);

    assertThat(refusal(generation::handOver))
        .isEqualTo(
            "/mine at 0x%x: the blob of 12 bytes is not preserved".formatted(blob.address()));
  }

  @ParameterizedTest
  @CsvSource({"''", "kexec-metadata", "'a\0b'"})
  void namesThatFdtCannotHold(String name) {
    assertThat(refusal(() -> generation.addBlob(name, 12)))
        .startsWith("/" + name + " at 0x")
        .contains("the root FDT of ", "cannot be changed: ");
  }

  @Test
  void subtreesThatAreNotThere() {
    assertThat(refusal(() -> generation.removeSubtree("mine")))
        .startsWith("/mine at 0x%x: ".formatted(generation.outgoing().root().address()));
  }

  @Test
  void unpreservingWhatIsNotPreservedAsThat() {
    generation.allocateAt(BASE + 0x40000, 2);
    generation.preservePages(BASE + 0x40000, 3 * PAGE);

    assertThat(refusal(() -> generation.unpreserve(new Folio(BASE + 0x40000, 2))))
        .isEqualTo("folio at 0x40040000: not preserved as a block of order 2");
    assertThat(refusal(() -> generation.unpreservePages(BASE + 0x40000, 4 * PAGE)))
        .isEqualTo("page run at 0x40040000: not preserved as a block of order 2");
    assertThat(refusal(() -> generation.unpreservePages(BASE + 0x41000, 2 * PAGE)))
        .isEqualTo("page run at 0x40041000: not preserved as a block of order 0");
  }

  @Test
  void unpreservingAnAreaByTheDescriptorOfAnother() {
    OwnedArea area = generation.vmalloc(600 * PAGE, 0);
    OwnedArea other = generation.vmalloc(600 * PAGE, 0);
    OwnedArea small = generation.vmalloc(PAGE, 0);
    Descriptor descriptor = generation.preserve(area);
    Descriptor others = generation.preserve(other);
    Descriptor smalls = generation.preserve(small);

    for (Descriptor wrong : List.of(others, smalls, descriptor(0, 600), descriptor(0x123, 600))) {
      assertThat(refusal(() -> generation.unpreserve(wrong, area)))
          .isEqualTo(
              "area at 0x%x: the descriptor is not that of this area, which has 600 blocks of order 0"
                  .formatted(wrong.first()));
    }
    generation.unpreserve(descriptor, area);
  }

  @Test
  void freeingWhatIsPreserved() {
    Folio folio = generation.allocateAt(BASE + 0x40000, 2);
    generation.preservePages(BASE + 0x42000, PAGE);

    assertThat(refusal(() -> generation.free(folio)))
        .isEqualTo("folio at 0x40040000: 16384 bytes overlap page 0x40042000, which is preserved");
  }

  @Test
  void moreReservationsThanTheKernelTakes() {
    List<ReserveMem> nine =
        IntStream.range(0, 9)
            .mapToObj(i -> new ReserveMem("r" + i, BASE + 0x40000 + i * PAGE, PAGE))
            .toList();

    assertThat(refusal(() -> ReserveMemSaver.save(generation, nine)))
        .isEqualTo("/memblock: 9 reservations: a kernel accepts 1 to 8");
    assertThat(
            refusal(() ->
                ReserveMemSaver.save(
                    generation, List.of(new ReserveMem("sixteen-letters!", BASE + 0x40000, PAGE)))))
        .isEqualTo("/memblock: reservation \"sixteen-letters!\": a name has 1 to 15 characters");
    assertThat(
            refusal(() ->
                ReserveMemSaver.save(
                    generation, List.of(new ReserveMem("trace", BASE + 0x1f000, 2 * PAGE)))))
        .contains("0x4001f000", "overlap scratch region");
  }

  @Test
  void aReservationWhoseNameNoDeviceTreeHolds() {
    long page = generation.allocate(0).address();
    ReserveMem reservation = new ReserveMem("tra\nce", page, PAGE);

    assertThat(refusal(() -> ReserveMemSaver.save(generation, List.of(reservation))))
        .isEqualTo("/memblock: the name \"tra\nce\" has control characters");
  }

  @Test
  void aKhoTestWhoseFoliosOverlap() {
    Folio folio = generation.allocate(2);

    assertThat(refusal(() -> KhoTestSaver.save(generation, List.of(folio, folio))))
        .contains("0x%x".formatted(folio.address()), "which is preserved");
  }

  @Test
  void anythingAfterTheHandOver() {
    Folio folio = generation.allocate(0);
    generation.handOver();

    for (ThrowingCallable change :
        List.<ThrowingCallable>of(
            () -> generation.preserve(folio),
            () -> generation.addBlob("late", 1),
            () -> generation.removeSubtree("kexec-metadata"),
            () -> generation.allocate(0),
            () -> generation.allocateAt(BASE + 0x100000, 0),
            () -> generation.allocateZeroed("/late", 0),
            () -> generation.vmalloc(PAGE, 0),
            () -> generation.vmallocZeroed("/late", PAGE, 0),
            () -> generation.free(folio),
            () -> generation.free(generation.areaOf(List.of(folio))),
            generation::handOver)) {
      assertThatThrownBy(change)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("this generation has already handed over");
    }
  }

  @Test
  void aFirstGenerationWithScratchThatCannotBe() {
    record Case(List<AddressRange> scratch, String sentence) {}
    List<AddressRange> many =
        IntStream.range(0, 1027)
            .mapToObj(i -> new AddressRange(BASE + 0x10000 + i * PAGE, PAGE))
            .toList();
    List<Case> cases =
        List.of(
            new Case(List.of(), "scratch: 0 regions; 1 to 1026 regions are allowed"),
            new Case(many, "scratch: 1027 regions; 1 to 1026 regions are allowed"),
            new Case(
                List.of(new AddressRange(BASE, 0), new AddressRange(BASE + PAGE, 0)),
                "scratch at 0x40000000: every scratch region is empty: the next kernel has no memory"
                    + " to boot in"),
            new Case(
                List.of(new AddressRange(BASE + SIZE, 0x10000)),
                "scratch region 0 at 0x407d0000: 65536 bytes are not whole pages in memory, which has 0x40000000 to 0x407cffff"),
            new Case(
                List.of(SCRATCH, new AddressRange(BASE + 0x1f000, 0x2000)),
                "scratch region 1 at 0x4001f000: 0x4001f000-0x40020fff overlaps region"
                    + " 0x40010000-0x4001ffff"),
            new Case(
                List.of(new AddressRange(BASE + 0x800, 0x1000)),
                "scratch region 0 at 0x40000800: not aligned to a page of 4K"),
            new Case(
                List.of(new AddressRange(BASE, 0x1800)),
                "scratch region 0 at 0x40000000: 6144 bytes are not whole pages in memory, which has 0x40000000 to 0x407cffff"));
    for (Case one : cases) {
      assertThatThrownBy(
              () -> Generation.first(memory, Setup.of(PageSize.SIZE_4K, one.scratch, "test")))
          .isInstanceOf(PreservationException.class)
          .hasMessage(one.sentence);
    }
  }

  @Test
  void theScratchArrayIsNeverAt0() {
    try (WritableMemory low = WritableMemory.allocate(0, SIZE)) {
      List<AddressRange> scratch = List.of(new AddressRange(0, 0x40000));
      BootData boot = Generation.first(low, Setup.of(PageSize.SIZE_4K, scratch, "test")).handOver();

      assertThat(boot.scratchAddress()).isEqualTo(0x10000);
    }
  }

  @Test
  void anOperationWithinAnotherFailsAlone() {
    Folio first = generation.allocate(0);
    Folio second = generation.allocate(1);
    generation.atomically(() -> {
      generation.preserve(first);
      long freePages = generation.freePages();
      Map<Long, Integer> blocks = State.blocks(generation.outgoing());
      TreeSet<Long> nodes = State.mapPages(generation.outgoing());
      assertThatThrownBy(() ->
              generation.atomically(() -> {
                generation.preserve(second);
                return generation.addBlob("kexec-metadata", 100);
              }))
          .isInstanceOf(PreservationException.class);
      assertThat(generation.freePages()).isEqualTo(freePages);
      assertThat(State.blocks(generation.outgoing())).isEqualTo(blocks);
      assertThat(State.mapPages(generation.outgoing())).isEqualTo(nodes);
      return true;
    });

    assertThat(State.blocks(generation.outgoing()))
        .containsKey(first.address())
        .doesNotContainKey(second.address());
  }

  @Test
  void anEmptyAreaHasADescriptorOfZeros() {
    Generation next = Generation.boot(memory, generation.handOver(), setup());
    OwnedArea nothing = next.incoming().orElseThrow().restore(descriptor(0, 0));

    assertThat(nothing.bytes()).isZero();
    assertThat(next.preserve(nothing)).isEqualTo(descriptor(0, 0));
  }

  private static Descriptor descriptor(long first, long totalPages) {
    return new Descriptor(KhoException.NOWHERE, first, totalPages, 1, 0);
  }

  private static Setup setup() {
    return Setup.of(PageSize.SIZE_4K, List.of(), "next");
  }

  /** An area, a run, a folio, a blob and kho_test's data go through all of them. */
  @Test
  void aHundredGenerationsLeakNoPage() {
    Generation now = generation;
    OwnedArea area = now.vmalloc(511 * PAGE, 0);
    AddressRange run = new AddressRange(now.allocate(3).address() + PAGE, 6 * PAGE);
    now.free(new Folio(run.address() - PAGE, 0));
    now.free(new Folio(run.end(), 0));
    Folio folio = now.allocate(4);
    List<Folio> data = List.of(now.allocate(0), now.allocate(2));
    List<Long> free = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      free.add(now.freePages());
      Descriptor descriptor = now.preserve(area);
      now.preservePages(run.address(), run.length());
      now.preserve(folio);
      now.addBlob("blob", 100);
      KhoTestSaver.save(now, data);
      assertThat(now.outgoing().subtrees(problem -> {}))
          .extracting(Subtree::name)
          .containsExactlyInAnyOrder("kexec-metadata", "blob", "kho_test");

      now = Generation.boot(memory, now.handOver(), setup());
      Incoming incoming = now.incoming().orElseThrow();
      assertThat(incoming.kexecCount()).isEqualTo(i + 1);
      area = incoming.restore(descriptor);
      incoming.restorePages(run.address(), run.length());
      folio = incoming.restoreFolio(folio.address());
      now.free(incoming.restoreBlob("blob").orElseThrow().folio());
      data = KhoTestSaver.restore(now);
      incoming.finish();
    }
    assertThat(free).containsOnly(free.getFirst());
  }
}
