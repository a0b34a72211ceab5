package org.kho4j.damage;

import static org.kho4j.damage.RuleCase.luo;

import java.util.List;

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
              guest -> guest.text(guest.file(), guest.pick("memfd-v0", "memfd-vx\0")),
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
          luo(
              "MEMFD-014",
              guest -> {
                long entry = severalFolios(guest);
                guest.put64(entry + 24, guest.u64(entry + 8));
              },
              MemfdCases::severalFolios),
          luo(
              "MEMFD-015",
              guest -> {
                long entry = severalFolios(guest);
                for (int field = 0; field < 16; field += 8) {
                  long first = guest.u64(entry + field);
                  guest.put64(entry + field, guest.u64(entry + 16 + field));
                  guest.put64(entry + 16 + field, first);
                }
              },
              MemfdCases::severalFolios),
          luo(
              "MEMFD-016",
              guest -> {
                long entry = largeFolio(guest);
                guest.put64(entry + 8, guest.u64(entry + 8) + 1);
              },
              MemfdCases::largeFolio),
          luo(
              "MEMFD-017",
              guest -> {
                long memfd = severalFolioMemfd(guest);
                guest.put64(memfd + NR_FOLIOS, guest.u64(memfd + NR_FOLIOS) - 1 - guest.pick(2));
              },
              MemfdCases::severalFolioMemfd),
          luo(
              "MEMFD-018",
              guest -> guest.put64(guest.memfd(), guest.pick(1L << 63, -1L, -4096L)),
              guest -> guest.put64(guest.memfd(), (1L << 63) - 1)),
          luo(
              "MEMFD-019",
              guest -> guest.text(guest.file(), guest.pick("memfd-v3", "memfd-v22\0")),
              guest -> guest.text(guest.file(), "memfd-v0")),
          luo(
              "MEMFD-020",
              guest -> guest.text(guest.file(), "memfd\0"),
              guest -> guest.text(guest.file(), "memfd-v1")),
          luo(
              "DEV-001",
              guest -> guest.text(guest.file(), guest.pick("vfio-pci-v1\0", "iommufd-v1\0")),
              guest -> guest.text(guest.file(), "vfio-v1\0")),
          luo(
              "DEV-002",
              guest -> guest.text(guest.file(), "kvm_vm_luo_v1\0"),
              guest -> guest.text(guest.file(), "guest_memfd_luo_v1\0")));

  private MemfdCases() {}

  private static long folio(GuestMemory guest) {
    return (guest.u64(guest.folios()) & (1L << 52) - 1) << guest.pageSize().shift();
  }

  /**
   * A memfd of at least three folios, of which the last ones are single pages; made if there is
   * none.
   */
  private static long severalFolioMemfd(GuestMemory guest) {
    List<Long> there = guest.memfds(memfd -> guest.u64(memfd + NR_FOLIOS) > 2);
    if (!there.isEmpty()) {
      return there.get(guest.pick(there.size()));
    }
    for (int i = 1; i < 3; i++) {
      folio(guest, i, guest.free() + guest.pageBytes() * i, 0, i);
    }
    return guest.memfd();
  }

  /** Returns an entry of the array that is not the first, and whose successor is not the last. */
  private static long severalFolios(GuestMemory guest) {
    long memfd = severalFolioMemfd(guest);
    long array = guest.u64(guest.u64(memfd + 32) + 8);
    // Entries of the array's first page.
    int count = (int) Math.min(256, guest.u64(memfd + NR_FOLIOS));
    return array + 16 * (1L + guest.pick(count - 2));
  }

  /** The entry of a folio of several pages; made if there is none. */
  private static long largeFolio(GuestMemory guest) {
    List<Long> there =
        guest.memfds(memfd ->
            guest.u64(memfd + NR_FOLIOS) > 0
                && guest.u64(memfd + SIZE) >>> guest.pageSize().shift()
                    > guest.u64(memfd + NR_FOLIOS));
    if (!there.isEmpty()) {
      long memfd = there.get(guest.pick(there.size()));
      return guest.u64(guest.u64(memfd + 32) + 8);
    }
    folio(guest, 1, guest.free(), 1, 2);
    return guest.folios() + 16;
  }

  /** Adds a folio to the file that has one. */
  private static void folio(GuestMemory guest, int number, long address, int order, long index) {
    guest.preserve(address, order);
    guest.put64(guest.memfd() + SIZE, (index + (1L << order)) * guest.pageBytes());
    guest.put64(guest.memfd() + NR_FOLIOS, number + 1);
    guest.put64(guest.folios() + 16L * number, SOUND | address >>> guest.pageSize().shift());
    guest.put64(guest.folios() + 16L * number + 8, index);
  }
}
