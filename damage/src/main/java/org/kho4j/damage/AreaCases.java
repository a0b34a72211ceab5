package org.kho4j.damage;

import static org.kho4j.damage.RuleCase.luo;

import java.util.List;

/** Vmalloc areas and chains of blocks. */
final class AreaCases {

  private static final int FIRST = 0;
  private static final int TOTAL = 8;
  private static final int FLAGS = 12;
  private static final int ORDER = 14;

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "VMALLOC-001",
              guest -> guest.put64(guest.area() + FIRST, 0),
              guest -> {
                guest.put64(guest.area() + FIRST, 0);
                guest.put32(guest.area() + TOTAL, 0);
              }),
          luo(
              "VMALLOC-002",
              guest -> guest.put16(guest.area() + ORDER, 41 + guest.pick(20)),
              guest -> guest.put16(guest.area() + ORDER, 40)),
          luo(
              "VMALLOC-003",
              guest -> guest.put16(guest.area() + ORDER, 1 + guest.pick(8)),
              guest -> {
                guest.put16(guest.area() + ORDER, 1);
                guest.put32(guest.area() + TOTAL, 2);
              }),
          luo(
              "VMALLOC-004",
              guest -> guest.put16(guest.area() + FLAGS, 1 | 4 << guest.pick(14)),
              guest -> guest.put16(guest.area() + FLAGS, 3)),
          luo(
              "VMALLOC-005",
              guest ->
                  guest.put64(
                      guest.area() + FIRST, guest.pick(guest.chunk() + 8, 1L << 40, -4096L)),
              guest -> guest.put64(guest.area() + FIRST, guest.freePage())),
          luo(
              "VMALLOC-006",
              guest -> guest.put64(guest.chunk(), guest.chunk()),
              guest -> guest.put64(guest.chunk(), guest.freePage())),
          luo(
              "VMALLOC-007",
              guest -> guest.put32(guest.area() + TOTAL, 2 + guest.pick(1000)),
              guest -> {
                guest.put32(guest.area() + TOTAL, 2);
                guest.put64(guest.chunk() + 16, guest.freePage());
              }),
          luo(
              "VMALLOC-008",
              guest -> guest.put64(guest.chunk() + 16, guest.freePage()),
              guest -> {
                guest.put32(guest.area() + TOTAL, 2);
                guest.put64(guest.chunk() + 16, guest.freePage());
              }),
          luo(
              "VMALLOC-009",
              guest ->
                  guest.put64(
                      guest.chunk() + 8,
                      guest.pick(guest.u64(guest.chunk() + 8) + 16, 1L << 40, -4096L)),
              guest -> guest.put64(guest.chunk() + 8, guest.freePage())),
          luo(
              "VMALLOC-010",
              guest -> guest.unpreserve(guest.chunk(), 0),
              guest -> guest.unpreserve(guest.u64(guest.chunk() + 8), 0)),
          luo(
              "VMALLOC-011",
              guest -> guest.unpreserve(guest.u64(guest.chunk() + 8), 0),
              guest -> guest.unpreserve(guest.chunk(), 0)),
          luo(
              "VMALLOC-012",
              guest -> guest.put64(guest.chunk() + 8L * (3 + guest.pick(500)), guest.freePage()),
              guest -> {
                guest.put32(guest.area() + TOTAL, 2);
                guest.put64(guest.chunk() + 16, guest.freePage());
              }),
          luo(
              "VMALLOC-013",
              guest -> guest.put16(guest.area() + FLAGS, guest.pick(0, 2)),
              guest -> guest.put16(guest.area() + FLAGS, 3)),
          luo(
              "BLOCK-001",
              guest -> {
                long list = list(guest);
                guest.put64(list, guest.pick(guest.u64(list) + 8, 1L << 40, -4096L));
              },
              guest -> guest.put64(guest.blob("LUO") + 16, 0)),
          luo(
              "BLOCK-002",
              guest -> {
                long block = block(guest);
                guest.put64(block, block);
              },
              guest -> guest.put64(guest.sessions(), 0)),
          luo(
              "BLOCK-003",
              guest -> sessions(guest, 10_001 + guest.pick(9)),
              guest -> sessions(guest, 10_000)),
          luo(
              "BLOCK-004",
              guest -> guest.put64(block(guest) + 8, guest.pick(64, 0, 1000)),
              guest -> guest.put64(guest.sessions() + 8, 51)),
          luo(
              "BLOCK-005",
              guest -> guest.unpreserve(guest.files(guest.single()), 0),
              guest -> guest.unpreserve(guest.memfd(), 0)),
          luo(
              "BLOCK-006",
              guest -> sessions(guest, 2 + guest.pick(3)),
              guest -> session(guest, lastBlock(guest), "one more")),
          luo(
              "BLOCK-007",
              guest -> {
                long block = guest.pick(guest.sessions(), guest.files(guest.pair()));
                guest.put64(block + 8, guest.u64(block + 8) - 1);
              },
              guest -> session(guest, lastBlock(guest), "one more")));

  private AreaCases() {}

  /**
   * Returns the place of the address of a list's first block: of the sessions, or of a session's
   * files.
   */
  private static long list(GuestMemory guest) {
    return guest.pick(guest.blob("LUO") + 16, guest.single() + 64);
  }

  /** The first block of such a list. */
  private static long block(GuestMemory guest) {
    return guest.u64(list(guest));
  }

  /** Appends blocks of one session each, until the list of sessions has so many. */
  private static void sessions(GuestMemory guest, int blocks) {
    long last = lastBlock(guest);
    int count = 1;
    for (long block = guest.sessions(); block != last; count++) {
      block = guest.u64(block);
    }
    for (; count < blocks; count++) {
      long block = guest.freePage();
      guest.preserve(block, 0);
      guest.put64(last, block);
      session(guest, block, "more-" + count);
      last = block;
    }
  }

  /** The last block of the list of sessions. */
  private static long lastBlock(GuestMemory guest) {
    long last = guest.sessions();
    while (guest.u64(last) != 0) {
      last = guest.u64(last);
    }
    return last;
  }

  /** Adds a session without files to a block that has room for it. */
  private static void session(GuestMemory guest, long block, String name) {
    long count = guest.u64(block + 8);
    guest.put64(block + 8, count + 1);
    guest.text(block + 16 + 80 * count, name);
  }
}
