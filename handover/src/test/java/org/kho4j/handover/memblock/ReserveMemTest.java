package org.kho4j.handover.memblock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.root.Subtree;

class ReserveMemTest {

  private final KernelMemory kernel = new KernelMemory();

  private static Tree reservation(String name, long start, long size) {
    return new Tree(name)
        .text("compatible", "reserve-mem-v1")
        .u64("start", start)
        .u64("size", size);
  }

  private List<ReserveMem> read(Tree... reservations) {
    Tree root = Tree.compatible("memblock-v1");
    for (Tree reservation : reservations) {
      root.child(reservation);
    }
    kernel.subtree("memblock", 0x200000, root);
    return kernel.handover().client(ReserveMem.CLIENT).orElseThrow();
  }

  @Test
  void readsReservationsInTheTreesOrder() {
    assertThat(
            read(reservation("trace", 0x7700000, 0x100000), reservation("oops", 0x7600000, 0x1000)))
        .containsExactly(
            new ReserveMem("trace", 0x7700000, 0x100000),
            new ReserveMem("oops", 0x7600000, 0x1000));
  }

  @Test
  void aTreeMayHaveNone() {
    assertThat(read()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0x7700000, 0, 0x0 bytes at 0x7700000 are not a possible range of memory",
    "0x7700000, -1, 0xffffffffffffffff bytes at 0x7700000 are not a possible range of memory",
    "-4096, 4096, 0x1000 bytes at 0xfffffffffffff000 are not a possible range of memory",
    "0x7fffffffffffffff, 1, 0x1 bytes at 0x7fffffffffffffff are not a possible range of memory",
    "0xffffffffff000, 0x2000, 0x2000 bytes at 0xffffffffff000 are not a possible range of memory",
  })
  void namesAReservationThatCannotBe(String start, String size, String message) {
    assertThat(sentenceOf(() -> read(reservation("trace", Long.decode(start), Long.decode(size)))))
        .isEqualTo("/memblock/reservation \"trace\" at 0x200000: " + message);
  }

  @Test
  void namesWhatIsMissing() {
    assertThat(sentenceOf(() -> read(reservation("trace", 1, 1).without("size"))))
        .isEqualTo("/memblock/reservation \"trace\" at 0x200000: the property size is missing");
  }

  @Test
  void namesAValueOfAnotherSize() {
    assertThat(sentenceOf(() -> read(reservation("trace", 1, 1).u32("start", 7))))
        .isEqualTo(
            "/memblock/reservation \"trace\" at 0x200000: the property start has 4 bytes, not 8");
  }

  @Test
  void namesAnotherCompatibleString() {
    assertThat(
            sentenceOf(() -> read(reservation("trace", 1, 1).text("compatible", "reserve-mem-v2"))))
        .isEqualTo(
            "/memblock/reservation \"trace\" at 0x200000: compatible is [reserve-mem-v2], not"
                + " \"reserve-mem-v1\"");
  }

  @Test
  void aBrokenReservationDoesNotHideTheOthers() {
    kernel.subtree(
        "memblock",
        0x200000,
        Tree.compatible("memblock-v1")
            .child(reservation("trace", 1, 0))
            .child(reservation("oops", 0x7600000, 0x1000)));
    Subtree subtree = kernel.handover().subtree("memblock").orElseThrow();
    List<String> problems = new ArrayList<>();

    assertThat(
            ReserveMem.readAll(
                kernel.handover(), subtree, problem -> problems.add(problem.getMessage())))
        .containsExactly(new ReserveMem("oops", 0x7600000, 0x1000));
    assertThat(problems)
        .containsExactly(
            "/memblock/reservation \"trace\" at 0x200000: 0x0 bytes at 0x1 are not a possible range"
                + " of memory");
  }

  @Test
  void namesABlobThatIsNoTree() {
    kernel.ram.put(0x200000, "no tree at all, and certainly not one of 64 bytes");
    kernel.subtree("memblock", 0x200000, 64);

    assertThat(sentenceOf(() -> kernel.handover().client(ReserveMem.CLIENT)))
        .startsWith("/memblock at 0x200000: ");
  }

  @Test
  void namesASizeThatNoTreeHas() {
    kernel.subtree("memblock", 0x200000, -1);

    assertThat(sentenceOf(() -> kernel.handover().client(ReserveMem.CLIENT)))
        .isEqualTo(
            "/memblock at 0x200000: 18446744073709551615 bytes at 0x200000 cannot be a blob");
  }
}
