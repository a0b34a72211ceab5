package org.kho4j.verify;

import java.util.List;
import java.util.function.Consumer;

/** Vmalloc areas and chains of blocks. */
final class AreaCases {

  private static final int FIRST = 32;
  private static final int TOTAL = 40;
  private static final int FLAGS = 44;
  private static final int ORDER = 46;

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "VMALLOC-001",
              guest -> guest.put64(guest.memfd() + FIRST, 0),
              guest -> {
                guest.put64(guest.memfd() + FIRST, 0);
                guest.put32(guest.memfd() + TOTAL, 0);
              }),
          luo(
              "VMALLOC-002",
              guest -> guest.put16(guest.memfd() + ORDER, 41),
              guest -> guest.put16(guest.memfd() + ORDER, 40)),
          luo(
              "VMALLOC-003",
              guest -> guest.put16(guest.memfd() + ORDER, 1),
              guest -> {
                guest.put16(guest.memfd() + ORDER, 1);
                guest.put32(guest.memfd() + TOTAL, 2);
              }),
          luo(
              "VMALLOC-004",
              guest -> guest.put16(guest.memfd() + FLAGS, 5),
              guest -> guest.put16(guest.memfd() + FLAGS, 3)),
          luo(
              "VMALLOC-005",
              guest -> guest.put64(guest.memfd() + FIRST, guest.chunk() + 8),
              guest -> guest.put64(guest.memfd() + FIRST, guest.freePage())),
          luo(
              "VMALLOC-006",
              guest -> guest.put64(guest.chunk(), guest.chunk()),
              guest -> guest.put64(guest.chunk(), guest.freePage())),
          luo(
              "VMALLOC-007",
              guest -> guest.put32(guest.memfd() + TOTAL, 2),
              guest -> {
                guest.put32(guest.memfd() + TOTAL, 2);
                guest.put64(guest.chunk() + 16, guest.freePage());
              }),
          luo(
              "VMALLOC-008",
              guest -> guest.put64(guest.chunk() + 16, guest.freePage()),
              guest -> {
                guest.put32(guest.memfd() + TOTAL, 2);
                guest.put64(guest.chunk() + 16, guest.freePage());
              }),
          luo(
              "VMALLOC-009",
              guest -> guest.put64(guest.chunk() + 8, guest.folios() + 16),
              guest -> guest.put64(guest.chunk() + 8, guest.freePage())),
          luo(
              "VMALLOC-010",
              guest -> guest.unpreserve(guest.chunk(), 0),
              guest -> guest.unpreserve(guest.folios(), 0)),
          luo(
              "VMALLOC-011",
              guest -> guest.unpreserve(guest.folios(), 0),
              guest -> guest.unpreserve(guest.chunk(), 0)),
          luo(
              "VMALLOC-012",
              guest -> guest.put64(guest.chunk() + 8 * 3, guest.freePage()),
              guest -> {
                guest.put32(guest.memfd() + TOTAL, 2);
                guest.put64(guest.chunk() + 16, guest.freePage());
              }),
          luo(
              "BLOCK-001",
              guest -> guest.put64(guest.blob("LUO") + 16, guest.sessions() + 8),
              guest -> guest.put64(guest.blob("LUO") + 16, 0)),
          luo(
              "BLOCK-002",
              guest -> guest.put64(guest.sessions(), guest.sessions()),
              guest -> guest.put64(guest.sessions(), 0)),
          luo("BLOCK-003", guest -> sessions(guest, 10_000), guest -> sessions(guest, 9_999)),
          luo(
              "BLOCK-004",
              guest -> guest.put64(guest.sessions() + 8, 52),
              guest -> guest.put64(guest.sessions() + 8, 51)),
          luo(
              "BLOCK-005",
              guest -> guest.unpreserve(guest.files(0), 0),
              guest -> guest.unpreserve(guest.memfd(), 0)));

  private AreaCases() {}

  private static RuleCase luo(String rule, Consumer<Guest> broken, Consumer<Guest> silent) {
    return new RuleCase(rule, "jump-luo", broken, silent);
  }

  /** Appends blocks of one session each to the list of sessions. */
  private static void sessions(Guest guest, int more) {
    long last = guest.sessions();
    for (int i = 0; i < more; i++) {
      long block = guest.freePage();
      guest.put64(last, block);
      guest.put64(block + 8, 1);
      guest.text(block + 16, "more-" + i);
      last = block;
    }
  }
}
