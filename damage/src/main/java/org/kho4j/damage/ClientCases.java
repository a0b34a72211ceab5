package org.kho4j.damage;

import static org.kho4j.damage.RuleCase.luo;

import java.util.List;
import java.util.stream.IntStream;

/** The small clients, scratch, and rules across structures. */
final class ClientCases {

  /** To the largest block of the page allocator scratch regions are aligned. */
  private static final long BLOCK = 0x400000;

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "MEMBLOCK-001",
              guest ->
                  guest.text(
                      guest.find(guest.blob("memblock"), "memblock-v1"),
                      guest.pick("memblock-v2", "memblock-v0", "x")),
              guest -> guest.text(guest.find(guest.blob("memblock"), "reserve-mem-v1"), "x")),
          luo(
              "MEMBLOCK-002",
              guest ->
                  guest.text(
                      Blobs.property(
                          guest.ram, guest.blob("memblock"), "compatible", 1 + guest.reservation()),
                      "x"),
              guest -> reservations(guest, 1)),
          luo(
              "MEMBLOCK-003",
              guest ->
                  guest.text(
                      guest.find(guest.blob("memblock"), guest.pick("start\0", "size\0")), "x"),
              guest -> reservations(guest, 2)),
          luo(
              "MEMBLOCK-004",
              guest ->
                  guest.put64(guest.reservationStart(), guest.pick(1L << 52, -1L << 16, 1L << 60)),
              guest -> guest.put64(guest.reservationStart(), 0x1000)),
          luo(
              "MEMBLOCK-005",
              guest -> {
                long start = guest.reservationStart();
                guest.put64(start, guest.u64(start) + guest.pick(0x1000, 0x10000, 0x20000));
              },
              guest -> guest.preserve(guest.u64(guest.reservationStart()) - guest.pageBytes(), 0)),
          luo(
              "MEMBLOCK-006",
              guest -> reservations(guest, 9 + guest.pick(20)),
              guest -> reservations(guest, 8)),
          luo("MEMBLOCK-007", guest -> name(guest, 16 + guest.pick(14)), guest -> name(guest, 15)),
          luo(
              "MEMBLOCK-008",
              guest -> Blobs.reservations(guest, List.of("odd"), 1 + guest.pick(4095)),
              guest -> Blobs.reservations(guest, List.of("even"), 4096)),
          luo(
              "META-001",
              guest -> guest.put64(guest.sizeField("kexec-metadata"), guest.pick(72, 0, 4)),
              guest -> guest.put64(guest.sizeField("kexec-metadata"), 74)),
          luo(
              "META-002",
              guest -> guest.put32(guest.blob("kexec-metadata"), guest.pick(2, 0, 1 << 24)),
              guest -> guest.put32(guest.blob("kexec-metadata") + 69, 2)),
          luo(
              "META-003",
              guest ->
                  guest.text(
                      guest.blob("kexec-metadata") + 4, guest.pick("7", "x", "K").repeat(65)),
              guest -> guest.text(guest.blob("kexec-metadata") + 4, "7".repeat(64))),
          luo(
              "META-004",
              guest -> guest.put32(guest.blob("kexec-metadata") + 69, 0),
              guest -> guest.put32(guest.blob("kexec-metadata") + 69, 2)),
          luo(
              "TEST-001",
              guest ->
                  guest.text(
                      guest.find(
                          guest.blob("kho_test"),
                          guest.pick("kho-test-v1", "nr_folios", "folios_info", "csum", "magic\0")),
                      "x"),
              guest -> guest.text(guest.find(guest.root(), "kho_test"), "x")),
          luo(
              "TEST-002",
              guest -> folios(guest, entries(guest) + guest.pick(1, 88, 1 << 20)),
              guest -> folios(guest, entries(guest))),
          luo("TEST-003", guest -> order(guest, 41 + guest.pick(1000)), guest -> order(guest, 40)),
          luo(
              "TEST-004",
              guest -> {
                long entry = entry(guest);
                guest.put64(entry, guest.u64(entry) + 1);
              },
              guest -> guest.put64(guest.u64(entry(guest)) & -4096, 1)),
          luo(
              "TEST-005",
              guest -> guest.put64(guest.u64(entry(guest)) & -4096, 1),
              guest -> guest.put64(0x2000, 1)),
          luo(
              "SCRATCH-001",
              guest ->
                  guest.put64(
                      guest.bootRecord(16), guest.root() + guest.pick(4096L, -4096L, 0x1000000L)),
              guest -> guest.put64(guest.bootRecord(0), 0)),
          luo(
              "SCRATCH-002",
              guest -> guest.put64(guest.bootRecord(40), guest.pick(15, 0)),
              guest -> guest.put64(guest.bootRecord(24), 4096)),
          luo(
              "SCRATCH-003",
              guest -> {
                long region = guest.region();
                guest.put64(region, guest.u64(region) + guest.pick(1L, 8L, 1L << 40));
              },
              guest -> shrink(guest, BLOCK)),
          luo("SCRATCH-004", guest -> shrink(guest, 4096), guest -> shrink(guest, BLOCK)),
          luo(
              "SCRATCH-005",
              guest ->
                  guest.put64(
                      guest.region(),
                      guest.pick(guest.map(), guest.root(), guest.blob("memblock")) & -BLOCK),
              guest -> guest.preserve(guest.free(), 0)),
          luo(
              "SCRATCH-006",
              guest -> {
                long region = guest.region();
                int pages = (int) (guest.u64(region + 8) / guest.pageBytes());
                guest.preserve(guest.u64(region) + guest.pageBytes() * guest.pick(pages), 0);
              },
              guest -> guest.preserve(guest.u64(guest.region()) - guest.pageBytes(), 0)),
          luo(
              "SCRATCH-007",
              guest -> oneRegion(guest, BLOCK),
              guest -> oneRegion(guest, 2 * BLOCK)),
          luo(
              "SCRATCH-008",
              guest -> oneRegion(guest, 4 * BLOCK),
              guest -> guest.put64(guest.bootRecord(40), 0)),
          luo(
              "OWN-001",
              guest -> guest.put64(guest.file(guest.otherSingle(), 0) + 48, guest.memfd()),
              guest -> guest.put64(guest.blob("LUO") + 8, 2)),
          luo(
              "OWN-002",
              guest -> guest.text(guest.find(guest.root(), "kho_test"), "my"),
              guest -> guest.put64(guest.blob("LUO") + 8, 2)),
          luo(
              "OWN-003",
              guest ->
                  guest.text(
                      guest.find(
                          guest.root(), guest.pick("kho_test", "memblock", "kexec-metadata")),
                      "my"),
              guest -> guest.put64(guest.blob("LUO") + 8, 2)),
          luo(
              "OWN-004",
              guest -> guest.preserve(guest.free(), 3 + guest.pick(7)),
              guest -> guest.put64(guest.blob("LUO") + 8, 2)));

  private ClientCases() {}

  /** Returns one of the entries of kho_test's array. */
  private static long entry(GuestMemory guest) {
    long blob = guest.blob("kho_test");
    long array = guest.u64(guest.u64(Blobs.property(guest, blob, "folios_info")) + 8);
    int count = (int) guest.u64(Blobs.property(guest, blob, "nr_folios"));
    return array + 8L * guest.pick(count);
  }

  private static void order(GuestMemory guest, int order) {
    long entry = entry(guest);
    guest.put64(entry, (guest.u64(entry) & -4096) | order);
  }

  /** Entries of kho_test's array, which has a page. */
  private static int entries(GuestMemory guest) {
    return guest.pageSize().bytes() / Long.BYTES;
  }

  private static void folios(GuestMemory guest, int count) {
    guest.put32(Blobs.property(guest, guest.blob("kho_test"), "nr_folios"), count);
  }

  private static void name(GuestMemory guest, int length) {
    Blobs.reservations(guest, List.of("n".repeat(length)), 4096);
  }

  /** So many reservations in all. */
  private static void reservations(GuestMemory guest, int count) {
    int there = guest.reservations().size();
    Blobs.reservations(guest, IntStream.range(there, count).mapToObj(i -> "r" + i).toList(), 4096);
  }

  /** Takes bytes from the end of a scratch region. */
  private static void shrink(GuestMemory guest, long bytes) {
    long size = guest.region() + 8;
    guest.put64(size, guest.u64(size) - bytes);
  }

  private static void oneRegion(GuestMemory guest, long bytes) {
    guest.put64(guest.bootRecord(40), 16);
    guest.put64(guest.region() + 8, bytes);
  }
}
