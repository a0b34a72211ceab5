package org.kho4j.verify;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The small clients, scratch, and rules across structures. */
final class ClientCases {

  private static final long REGION = 0x10000000;
  private static final long LARGE = 0x2000000;
  private static final long RESERVATION = 0x1f100000;

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "MEMBLOCK-001",
              guest -> guest.text(guest.find(guest.blob("memblock"), "memblock-v1"), "memblock-v2"),
              guest -> guest.text(guest.find(guest.blob("memblock"), "reserve-mem-v1"), "x")),
          luo(
              "MEMBLOCK-002",
              guest -> guest.text(guest.find(guest.blob("memblock"), "reserve-mem-v1"), "x"),
              guest -> guest.text(guest.find(guest.blob("memblock"), "trace"), "other")),
          luo(
              "MEMBLOCK-003",
              guest -> guest.text(guest.find(guest.blob("memblock"), "start"), "x"),
              guest -> guest.text(guest.find(guest.blob("memblock"), "trace"), "other")),
          luo(
              "MEMBLOCK-004",
              guest -> guest.put64(guest.find(guest.blob("memblock"), RESERVATION), 1L << 52),
              guest -> guest.put64(guest.find(guest.blob("memblock"), RESERVATION), 0x1000)),
          luo(
              "MEMBLOCK-005",
              guest ->
                  guest.put64(
                      guest.find(guest.blob("memblock"), RESERVATION), RESERVATION + 0x1000),
              guest ->
                  guest.put64(Blobs.property(guest, guest.blob("memblock"), "size"), 0xff000L)),
          luo("MEMBLOCK-006", guest -> reservations(guest, 9), guest -> reservations(guest, 8)),
          luo("MEMBLOCK-007", guest -> name(guest, 16), guest -> name(guest, 15)),
          luo(
              "MEMBLOCK-008",
              guest -> guest.put64(Blobs.property(guest, guest.blob("memblock"), "size"), 0xff001L),
              guest ->
                  guest.put64(Blobs.property(guest, guest.blob("memblock"), "size"), 0xff000L)),
          luo(
              "META-001",
              guest -> guest.put64(guest.sizeField("kexec-metadata"), 72),
              guest -> guest.put64(guest.sizeField("kexec-metadata"), 74)),
          luo(
              "META-002",
              guest -> guest.put32(guest.blob("kexec-metadata"), 2),
              guest -> guest.put32(guest.blob("kexec-metadata") + 69, 2)),
          luo(
              "META-003",
              guest -> guest.text(guest.blob("kexec-metadata") + 4, "7".repeat(65)),
              guest -> guest.text(guest.blob("kexec-metadata") + 4, "7".repeat(64))),
          luo(
              "META-004",
              guest -> guest.put32(guest.blob("kexec-metadata") + 69, 0),
              guest -> guest.put32(guest.blob("kexec-metadata") + 69, 2)),
          test(
              "TEST-001",
              guest -> guest.text(guest.find(guest.blob("kho_test"), "kho-test-v1"), "x"),
              guest -> guest.text(guest.find(guest.root(), "kho_test"), "x")),
          test("TEST-002", guest -> folios(guest, 513), guest -> folios(guest, 512)),
          test(
              "TEST-003",
              guest -> guest.put64(list(guest), guest.u64(list(guest)) | 41),
              guest -> guest.put64(list(guest), (guest.u64(list(guest)) & -4096) | 40)),
          test(
              "TEST-004",
              guest -> guest.put64(list(guest), guest.u64(list(guest)) + 1),
              guest -> guest.put64(guest.u64(list(guest)) & -4096, 1)),
          test(
              "TEST-005",
              guest -> guest.put64(guest.u64(list(guest)) & -4096, 1),
              guest -> guest.put64(0x2000, 1)),
          luo(
              "SCRATCH-001",
              guest -> {
                guest.scratch(REGION, LARGE);
                guest.put64(guest.bootRecord() + 16, guest.root() + 4096);
              },
              guest -> guest.scratch(REGION, LARGE)),
          luo(
              "SCRATCH-002",
              guest -> guest.scratchArray(Guest.FREE, 15),
              guest -> guest.scratchArray(Guest.FREE, 16)),
          luo(
              "SCRATCH-003",
              guest -> guest.scratch(REGION, LARGE, REGION + LARGE - 4096, LARGE),
              guest -> guest.scratch(REGION, LARGE, REGION + LARGE, LARGE, 0, 0)),
          luo(
              "SCRATCH-004",
              guest -> guest.scratch(REGION, LARGE + 4096),
              guest -> guest.scratch(REGION, LARGE + 0x400000)),
          luo(
              "SCRATCH-005",
              guest -> guest.scratch(guest.map() & -0x400000, LARGE),
              guest -> {
                guest.preserve(REGION, 0);
                guest.scratch(REGION, LARGE);
              }),
          luo(
              "SCRATCH-006",
              guest -> {
                guest.preserve(REGION, 0);
                guest.scratch(REGION, LARGE);
              },
              guest -> {
                guest.preserve(REGION - 4096, 0);
                guest.scratch(REGION, LARGE);
              }),
          luo(
              "SCRATCH-007",
              guest -> guest.scratch(REGION, 0x400000),
              guest -> guest.scratch(REGION, 0x800000)),
          luo(
              "OWN-001",
              guest -> guest.put64(guest.file(3, 0) + 48, guest.memfd()),
              guest -> {
                long other = guest.u64(guest.file(3, 0) + 48);
                guest.put64(guest.file(3, 0) + 48, guest.memfd());
                guest.put64(guest.file(0, 0) + 48, other);
              }),
          luo(
              "OWN-002",
              guest -> guest.preserve(Guest.FREE, 3),
              guest -> guest.put64(guest.blob("LUO") + 8, 2)),
          luo(
              "OWN-003",
              guest -> guest.text(guest.find(guest.root(), "kho_test"), "my"),
              guest -> guest.put64(guest.blob("LUO") + 8, 2)));

  private ClientCases() {}

  private static RuleCase luo(String rule, Consumer<Guest> broken, Consumer<Guest> silent) {
    return new RuleCase(rule, "jump-luo", broken, silent);
  }

  private static RuleCase test(String rule, Consumer<Guest> broken, Consumer<Guest> silent) {
    return new RuleCase(rule, "jump-kho-test", broken, silent);
  }

  private static long info(Guest guest) {
    return Blobs.property(guest, guest.blob("kho_test"), "folios_info");
  }

  private static long list(Guest guest) {
    return guest.u64(guest.u64(info(guest)) + 8);
  }

  private static void folios(Guest guest, int count) {
    guest.put32(Blobs.property(guest, guest.blob("kho_test"), "nr_folios"), count);
  }

  private static void name(Guest guest, int length) {
    Blobs.reservations(guest, List.of("n".repeat(length)), RESERVATION);
  }

  private static void reservations(Guest guest, int count) {
    Blobs.reservations(
        guest, IntStream.range(0, count).mapToObj(i -> "r" + i).toList(), RESERVATION);
  }
}
