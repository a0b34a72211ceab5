package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.WritableMemory;

/** Which pages a caller can preserve and free, also half-way through an operation. */
class OwnedPagesTest {

  private static final long PAGE = 4096;
  private static final long BASE = 0x40000000L;
  private static final Setup SETUP =
      Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(BASE + 0x10000, 0x10000)), "test");

  private final WritableMemory memory = WritableMemory.allocate(BASE, 2000 * PAGE);
  private final Generation generation = Generation.first(memory, SETUP);

  @AfterEach
  void close() {
    memory.close();
  }

  private static void assertRefused(Generation generation, ThrowingCallable operation) {
    State before = State.of(generation);
    assertThatThrownBy(operation).isInstanceOf(PreservationException.class);
    assertThat(State.of(generation)).isEqualTo(before);
  }

  @Test
  void anOperationThatFreesAFolioTwiceIsUndone() {
    Folio folio = generation.allocate(0);
    Folio other = generation.allocate(0);

    assertRefused(
        generation,
        () ->
            generation.atomically(() -> {
              generation.preserve(generation.allocate(3));
              generation.free(folio);
              generation.free(other);
              generation.free(folio);
            }));
    generation.free(folio);
    generation.free(other);
    assertRefused(generation, () -> generation.free(folio));
  }

  @Test
  void aPageFreedInAnOperationCannotBePreservedInIt() {
    Folio folio = generation.allocate(0);
    OwnedArea area = generation.vmalloc(20 * PAGE, 0);
    Folio blob = generation.allocate(0);
    generation.preserve(blob);

    assertRefused(
        generation,
        () ->
            generation.atomically(() -> {
              generation.free(folio);
              generation.preserve(folio);
            }));
    assertRefused(
        generation,
        () ->
            generation.atomically(() -> {
              generation.free(area);
              generation.preserve(area);
            }));
    assertRefused(
        generation,
        () ->
            generation.atomically(() -> {
              generation.unpreserve(blob);
              generation.free(blob);
              generation.addSubtree("blob", blob.address(), 10);
            }));
  }

  @Test
  void anOperationCanFreeWhatItAllocatedOrUnpreserved() {
    Folio folio = generation.allocate(2);
    generation.preserve(folio);
    long free = generation.freePages();

    generation.atomically(() -> {
      generation.unpreserve(folio);
      generation.free(folio);
      generation.free(generation.allocate(1));
      assertThat(generation.freePages()).isEqualTo(free - 2);
    });

    assertThat(generation.freePages()).isEqualTo(free + 4);
  }

  @Test
  void anAreaIsFreedCompletelyOrNotAtAll() {
    Folio first = generation.allocate(0);
    generation.allocate(0);
    Folio last = generation.allocate(0);
    OwnedArea twice = generation.areaOf(List.of(first, last, first));
    assertRefused(generation, () -> generation.free(twice));
    OwnedArea area = generation.areaOf(List.of(first, last));
    generation.free(last);

    assertRefused(generation, () -> generation.free(area));
  }

  @Test
  void pagesOfTheEngineAreNotTheCallers() {
    Descriptor descriptor = generation.preserve(generation.vmalloc(5 * PAGE, 0));
    long root = generation.outgoing().root().address();
    long map = generation.outgoing().preservedMap().root();

    for (long page : new long[] {root, map, descriptor.first()}) {
      Folio folio = new Folio(page, 0);
      assertRefused(generation, () -> generation.preserve(folio));
      assertRefused(generation, () -> generation.unpreserve(folio));
      assertRefused(generation, () -> generation.free(folio));
      assertRefused(generation, () -> generation.addSubtree("page", page, 8));
    }
  }

  @Test
  void pageZeroIsNotTheCallers() {
    try (WritableMemory low = WritableMemory.allocate(0, 100 * PAGE)) {
      Generation first =
          Generation.first(
              low, Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(0x10000, 0x10000)), "low"));

      assertRefused(first, () -> first.free(new Folio(0, 0)));
      assertRefused(first, () -> first.preserve(new Folio(0, 0)));
    }
  }

  @Test
  void unclaimedMemoryIsNotTheCallers() {
    Folio folio = generation.allocate(0);
    Folio other = generation.allocate(2);
    generation.preserve(folio);
    generation.preserve(other);
    Generation next = Generation.boot(memory, generation.handOver(), SETUP);
    Incoming incoming = next.incoming().orElseThrow();
    long map = incoming.handover().preservedMap().root();

    for (Folio unclaimed : List.of(folio, other, new Folio(map, 0))) {
      assertRefused(next, () -> next.preserve(unclaimed));
      assertRefused(next, () -> next.free(unclaimed));
    }
    assertThatThrownBy(() ->
            next.atomically(() -> {
              next.preserve(incoming.restoreFolio(folio.address()));
              next.removeSubtree("none");
            }))
        .isInstanceOf(PreservationException.class);
    assertRefused(next, () -> next.preserve(folio));

    next.preserve(incoming.restoreFolio(folio.address()));
    long free = next.freePages();
    incoming.releaseUnclaimed();
    assertThat(next.freePages()).isGreaterThan(free + 4);
    assertThat(State.blocks(next.outgoing())).containsEntry(folio.address(), 0);
    assertThat(next.allocateAt(other.address(), 2)).isEqualTo(other);
  }

  @Test
  void finishingIsUndoneWithItsOperation() {
    Folio folio = generation.allocate(3);
    generation.preserve(folio);
    Generation next = Generation.boot(memory, generation.handOver(), SETUP);
    Incoming incoming = next.incoming().orElseThrow();
    Map<Long, Integer> blocks = State.blocks(incoming.handover());

    for (Runnable end : List.<Runnable>of(incoming::finish, incoming::releaseUnclaimed)) {
      assertRefused(
          next,
          () ->
              next.atomically(() -> {
                end.run();
                assertThatThrownBy(() -> incoming.restoreFolio(folio.address()))
                    .isInstanceOf(IllegalStateException.class);
                next.removeSubtree("none");
              }));
      assertThat(State.blocks(incoming.handover())).isEqualTo(blocks);
    }

    assertThat(incoming.restoreFolio(folio.address())).isEqualTo(folio);
    long free = next.freePages();
    incoming.finish();
    assertThat(next.freePages()).isGreaterThan(free);
    assertThatThrownBy(incoming::finish).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aHandoverIsUndoneWithItsOperation() {
    for (KhoLayout layout : KhoLayout.all()) {
      try (WritableMemory own = WritableMemory.allocate(BASE, 2000 * PAGE)) {
        Setup setup = SETUP.withLayout(layout);
        Generation first = Generation.first(own, setup);
        Folio folio = first.allocate(0);
        first.preserve(folio);
        assertRefused(
            first,
            () ->
                first.atomically(() -> {
                  first.handOver();
                  throw new PreservationException("mine", "refused");
                }));
        Generation next = Generation.boot(own, first.handOver(), setup);
        Incoming incoming = next.incoming().orElseThrow();

        assertRefused(
            next,
            () ->
                next.atomically(() -> {
                  next.handOver();
                  assertThatThrownBy(() -> next.allocate(0))
                      .isInstanceOf(IllegalStateException.class);
                  throw new PreservationException("mine", "refused");
                }));

        next.preserve(incoming.restoreFolio(folio.address()));
        BootData boot = next.handOver();
        Incoming last = Generation.boot(own, boot, setup).incoming().orElseThrow();
        assertThat(last.restoreFolio(folio.address())).isEqualTo(folio);
      }
    }
  }

  @Test
  void aHandoverWhoseScratchArrayIsNotYetWrittenIsRefused() {
    BootData boot = generation.handOver();
    memory.writable(boot.scratchAddress(), boot.scratchSize()).fill((byte) 0);

    assertThatThrownBy(() -> Generation.boot(memory, boot, SETUP))
        .isInstanceOf(HandoverException.class)
        .hasMessage(
            "/scratch at 0x%x: every scratch region is empty: the next kernel has no memory to boot in"
                .formatted(boot.scratchAddress()));
  }
}
