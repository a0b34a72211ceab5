package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.WritableMemory;

/** Every operation that needs pages, with every number of pages that is too small for it. */
class FailurePointsTest {

  private static final long PAGE = 4096;
  private static final long BASE = 0x40000000L;
  private static final AddressRange SCRATCH = new AddressRange(BASE, 0x10000);

  /** A generation that owns an area of two chunks and folios of orders 3, 4 and 0. */
  record Given(Generation generation, OwnedArea area, List<Folio> folios) {
    static Given in(WritableMemory memory) {
      Generation generation =
          Generation.first(memory, Setup.of(PageSize.SIZE_4K, List.of(SCRATCH), "failing"));
      List<Folio> folios = Stream.of(3, 4, 0).map(order -> generation.allocate(order)).toList();
      return new Given(generation, generation.vmalloc(600 * PAGE, 0), folios);
    }

    void leaveFree(int pages) {
      while (generation.freePages() > pages) {
        generation.allocate(0);
      }
    }
  }

  static Stream<Arguments> operations() {
    return Stream.of(
        operation("folio", given -> given.generation.preserve(given.folios.getFirst())),
        operation(
            "page run",
            given ->
                given.generation.preservePages(given.folios.get(1).address() + PAGE, 15 * PAGE)),
        operation("area", given -> given.generation.preserve(given.area)),
        operation("blob", given -> given.generation.addBlob("blob", 100)),
        operation("vmalloc", given -> given.generation.vmalloc(20 * PAGE, 0)),
        operation("kho_test", given -> KhoTestSaver.save(given.generation, given.folios)),
        operation(
            "memblock",
            given ->
                ReserveMemSaver.save(
                    given.generation,
                    List.of(new ReserveMem("trace", given.folios.get(1).address(), 16 * PAGE)))),
        operation(
            "several",
            given ->
                given.generation.atomically(() -> {
                  given.generation.preserve(given.area);
                  given.generation.addBlob("first", 1);
                  return given.generation.addBlob("second", 1);
                })));
  }

  private static Arguments operation(String name, Consumer<Given> operation) {
    return Arguments.of(name, operation);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("operations")
  void leavesNothingWhenPagesRunOut(String name, Consumer<Given> operation) {
    int needed = 0;
    for (boolean enough = false; !enough; ) {
      try (WritableMemory memory = WritableMemory.allocate(BASE, 800 * PAGE)) {
        Given given = Given.in(memory);
        given.leaveFree(needed);
        State before = State.of(given.generation);
        try {
          operation.accept(given);
          enough = true;
          assertThat(given.generation.freePages()).isZero();
        } catch (OutOfPagesException e) {
          assertThat(State.of(given.generation)).as("%d pages", needed).isEqualTo(before);
          needed++;
        }
      }
    }
    assertThat(needed).isPositive();
  }

  @Test
  void leavesTheRootFdtAsItWasWhenItIsFull() {
    try (WritableMemory memory = WritableMemory.allocate(BASE, 800 * PAGE)) {
      Given given = Given.in(memory);
      int added = 0;
      State before = null;
      try {
        for (; ; added++) {
          before = added < 50 ? null : State.of(given.generation);
          given.generation.addBlob("blob " + added, 10);
        }
      } catch (PreservationException e) {
        assertThat(e)
            .hasMessageContaining("/blob ")
            .hasMessageContaining("0x%x", given.generation.outgoing().root().address())
            .hasMessageContaining("the root FDT of 4");
      }
      assertThat(added).isBetween(50, 80);
      assertThat(State.of(given.generation)).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void aGenerationWithoutRoomToStartLeavesWhatItWasHanded(int free) {
    try (WritableMemory memory = WritableMemory.allocate(BASE, 800 * PAGE)) {
      Given given = Given.in(memory);
      given.generation.preserve(given.area);
      given.folios.forEach(given.generation::preserve);
      while (given.generation.freePages() > free) {
        given.generation.preserve(given.generation.allocate(0));
      }
      Map<Long, Integer> blocks = State.blocks(given.generation.outgoing());
      BootData boot = given.generation.handOver();
      Setup setup = Setup.of(PageSize.SIZE_4K, List.of(), "next");

      assertThatThrownBy(() -> Generation.boot(memory, boot, setup))
          .isInstanceOf(OutOfPagesException.class);

      IncomingReader again = IncomingReader.read(memory, boot);
      assertThat(again.scratch()).containsExactly(SCRATCH);
      assertThat(State.blocks(given.generation.outgoing())).isEqualTo(blocks);
    }
  }
}
