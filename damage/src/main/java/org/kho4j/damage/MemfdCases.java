package org.kho4j.damage;

import java.util.List;
import java.util.function.Consumer;

/** A memfd: its structure and its folios. */
final class MemfdCases {

  private static final int SIZE = 8;
  private static final int SEALS = 16;
  private static final int FLAGS = 20;
  private static final int NR_FOLIOS = 24;
  private static final long SOUND = 3L << 52;

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "MEMFD-001",
              guest -> guest.text(guest.file(), guest.pick("memfd-v3", "memfd-v0", "memfd-v22\0")),
              guest -> guest.text(guest.file(), "memfd-v1")),
          luo(
              "MEMFD-002",
              guest ->
                  guest.put64(guest.file() + 48, guest.pick(guest.memfd() + 8, 1L << 40, -4096L)),
              guest -> guest.put64(guest.file() + 48, guest.freePage())),
          luo(
              "MEMFD-003",
              guest -> guest.unpreserve(guest.memfd(), 0),
              guest -> guest.unpreserve(guest.u64(guest.memfd() + 32), 0)),
          luo(
              "MEMFD-004",
              guest -> guest.put32(guest.memfd() + SEALS, 0x40 << guest.pick(25)),
              guest -> guest.put32(guest.memfd() + SEALS, 0x3f)),
          luo(
              "MEMFD-005",
              guest -> guest.put32(guest.memfd() + FLAGS, 1 << guest.pick(31)),
              guest -> guest.put32(guest.memfd() + SEALS, 2)),
          luo(
              "MEMFD-006",
              guest -> guest.put64(guest.memfd() + NR_FOLIOS, guest.pick(257, 300, 1 << 20)),
              guest -> guest.put64(guest.memfd() + NR_FOLIOS, 256)),
          luo(
              "MEMFD-007",
              guest -> guest.put64(guest.memfd() + guest.pick(SIZE, NR_FOLIOS), 0),
              guest -> guest.put64(guest.memfd() + SIZE, 1)),
          luo(
              "MEMFD-008",
              guest -> guest.put64(guest.memfd() + SIZE, guest.pick(1L << 63, -1L, -4096L)),
              guest -> guest.put64(guest.memfd() + SIZE, (1L << 63) - 1)),
          luo(
              "MEMFD-009",
              guest -> guest.put64(guest.folios(), SOUND),
              guest -> guest.put64(guest.folios(), SOUND | 1)),
          luo(
              "MEMFD-010",
              guest -> guest.put64(guest.folios(), SOUND | 1L << (40 + guest.pick(12))),
              guest -> guest.put64(guest.folios(), SOUND | (1L << 40) - 1)),
          luo(
              "MEMFD-011",
              guest -> guest.unpreserve(folio(guest), 0),
              guest -> guest.unpreserve(guest.folios(), 0)),
          luo(
              "MEMFD-012",
              guest ->
                  guest.put64(
                      guest.folios(), guest.u64(guest.folios()) & ~(1L << (52 + guest.pick(2)))),
              guest -> {
                // 6.19 wrote what was so.
                guest.put64(guest.folios(), guest.u64(guest.folios()) & ~(1L << 52));
                guest.text(guest.file(), "memfd-v1");
                long chunk = guest.u64(guest.memfd() + 32);
                guest.put64(guest.memfd() + 16, 1);
                guest.put64(guest.memfd() + 24, chunk);
                guest.put64(guest.memfd() + 32, 1L << 32 | 1);
              }),
          luo(
              "MEMFD-013",
              guest -> guest.put64(guest.folios() + 8, 1),
              guest -> {
                guest.put64(guest.memfd() + SIZE, 4097);
                guest.put64(guest.folios() + 8, 1);
              }),
          luo("MEMFD-014", guest -> second(guest, 0), guest -> second(guest, 1)),
          luo(
              "MEMFD-015",
              guest -> {
                second(guest, 0);
                guest.put64(guest.folios() + 8, 1);
              },
              guest -> second(guest, 1)),
          luo("MEMFD-016", guest -> large(guest, 1), guest -> large(guest, 2)),
          luo(
              "MEMFD-017",
              guest -> guest.put64(guest.memfd() + SIZE, 4097),
              guest -> second(guest, 1)));

  private MemfdCases() {}

  private static RuleCase luo(String rule, Consumer<Guest> broken, Consumer<Guest> silent) {
    return new RuleCase(rule, "jump-luo", broken, silent);
  }

  private static long folio(Guest guest) {
    return (guest.u64(guest.folios()) & (1L << 52) - 1) << 12;
  }

  /** A second folio of the file, one page large. */
  private static void second(Guest guest, long index) {
    guest.preserve(Guest.FREE, 0);
    guest.put64(guest.memfd() + SIZE, 8192);
    guest.put64(guest.memfd() + NR_FOLIOS, 2);
    guest.put64(guest.folios() + 16, SOUND | Guest.FREE >>> 12);
    guest.put64(guest.folios() + 24, index);
  }

  /** A second folio of the file, two pages large. */
  private static void large(Guest guest, long index) {
    second(guest, index);
    guest.put64(guest.memfd() + SIZE, 16384);
    guest.unpreserve(Guest.FREE, 0);
    guest.preserve(Guest.FREE, 1);
  }
}
