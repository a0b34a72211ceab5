package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/** Areas from one generation to the next: what is kept, and what a broken list is reported as. */
class AreasTest {

  private static final long PAGE = 4096;
  private static final long BASE = 0x40000000L;
  private static final Setup SETUP =
      Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(BASE + 0x10000, 0x10000)), "test");

  private final WritableMemory memory = WritableMemory.allocate(BASE, 4000 * PAGE);
  private final Generation first = Generation.first(memory, SETUP);
  private final Folio blob = first.addBlob("areas", 16);

  @AfterEach
  void close() {
    memory.close();
  }

  /** Preserves an area; its descriptor is at the start of the blob. */
  private Descriptor preserve(long bytes, int order) {
    Descriptor descriptor = first.preserve(first.vmalloc(bytes, order));
    descriptor.writeTo(first.segment(blob));
    return descriptor;
  }

  private Generation next() {
    return Generation.boot(memory, first.handOver(), SETUP);
  }

  private OwnedArea restore(Generation generation) {
    Incoming incoming = generation.incoming().orElseThrow();
    return incoming.restore(incoming.restoreBlob("areas").orElseThrow().descriptor(0));
  }

  private HandoverException fault() {
    Generation next = next();
    return catchThrowableOfType(HandoverException.class, () -> restore(next));
  }

  @Test
  void anEntryThatIsNoBlockOfTheOrder() {
    Descriptor descriptor = preserve(8 * PAGE, 1);
    MemorySegment chunk = memory.writable(descriptor.first(), PAGE);
    chunk.set(StructureView.U64, 16, chunk.get(StructureView.U64, 16) + PAGE);

    HandoverException fault = fault();
    assertThat(fault.path()).endsWith("/chunk 0");
    assertThat(fault.address()).isEqualTo(descriptor.first());
  }

  @Test
  void aBrokenNextIsOfTheSameChunkForEveryReader() {
    Descriptor descriptor = preserve(2000 * PAGE, 0);
    MemorySegment chunk = memory.writable(descriptor.first(), PAGE);
    chunk.set(StructureView.U64, 0, 0x123);
    HandoverMemory pages = new HandoverMemory(memory, PageSize.SIZE_4K);
    PreservedArea area =
        PreservedArea.of(
            pages, Where.ROOT.in("area"), Descriptor.at(blob.address(), first.segment(blob)));

    HandoverException runs =
        catchThrowableOfType(
            HandoverException.class, () -> area.forEachRun((order, address, bytes) -> {}));
    assertThat(runs.path()).isEqualTo("/area/chunk 1");
    assertThat(fault().path()).isEqualTo(runs.path());
  }

  @Test
  void flagsAreKept() {
    Descriptor descriptor = preserve(8 * PAGE, 0);
    new Descriptor(blob.address(), descriptor.first(), 8, 3, 0).writeTo(first.segment(blob));
    Generation next = next();

    assertThat(next.preserve(restore(next)).flags()).isEqualTo(3);
  }

  @Test
  void anAreaOfNoPagesIsRefusedWhereThereAreNoAreas() {
    Setup old = SETUP.withLayout(KhoLayout.of("kho-v1@6.16").orElseThrow());
    Generation next = Generation.boot(memory, first.handOver(), old);
    OwnedArea none = restore(next);
    assertThat(none.bytes()).isZero();

    assertThatThrownBy(() -> next.preserve("/none", none))
        .isInstanceOf(PreservationException.class)
        .hasMessage("/none: kho-v1@6.16 (Linux 6.16 to 6.17.8) has no vmalloc areas");
  }

  @Test
  void refusesAnAreaWithoutABlockAndOrdersOfNoBlock() {
    assertThatThrownBy(() -> first.areaOf(List.of()))
        .isInstanceOf(PreservationException.class)
        .hasMessage("area: an area has at least one block");
    for (int order : new int[] {-1, 19, 51, 52}) {
      assertThatThrownBy(() -> first.vmalloc(PAGE, order))
          .isInstanceOf(PreservationException.class)
          .hasMessage("area: order %d is not within 0 to 18".formatted(order));
    }
  }

  @Test
  void refusesBlocksThatNoAreaHas() {
    first.allocateAt(BASE + 0x40000, 2);
    for (Folio block :
        List.of(
            new Folio(BASE + 0x41000, 1),
            new Folio(BASE + 0x40800, 0),
            new Folio(BASE + 0x40000, -1),
            new Folio(BASE + 0x40000, 51))) {
      assertThatThrownBy(() -> first.areaOf(List.of(block)))
          .isInstanceOf(PreservationException.class)
          .hasMessageStartingWith("area at 0x%x: ".formatted(block.address()));
    }
  }

  /** An area is a record, which callers can make without {@code areaOf}. */
  @Test
  void refusesAHandmadeAreaOfPartsOfBlocks() {
    first.allocateAt(BASE + 0x40000, 2);
    State before = State.of(first);
    for (OwnedArea area :
        List.of(
            handmade(BASE + 0x41000, 2 * PAGE, 1),
            handmade(BASE + 0x40000, 3 * PAGE, 1),
            handmade(BASE + 0x40000, PAGE, -1),
            handmade(BASE + 0x40000, PAGE, 60))) {
      assertThatThrownBy(() -> first.preserve("/list", area))
          .isInstanceOf(PreservationException.class)
          .hasMessageStartingWith("/list at 0x%x: ".formatted(area.runs().address(0)));
      assertThatThrownBy(
              () -> first.unpreserve(new Descriptor(blob.address(), 0, 0, 1, area.order()), area))
          .isInstanceOf(PreservationException.class)
          .hasMessageStartingWith("area at 0x%x: ".formatted(area.runs().address(0)));
    }
    assertThat(State.of(first)).isEqualTo(before);
  }

  private OwnedArea handmade(long address, long bytes, int order) {
    Runs runs = Runs.collect(visitor -> visitor.range(address, bytes));
    return new OwnedArea(memory, runs, OwnedArea.flags(order), order);
  }

  @Test
  void aFaultOfTheDescriptorIsAtTheDescriptor() {
    Descriptor descriptor = preserve(8 * PAGE, 0);
    new Descriptor(blob.address(), descriptor.first(), 9, 1, 0).writeTo(first.segment(blob));

    assertThat(fault().address()).isEqualTo(blob.address());
  }
}
