package org.kho4j.verify;

import java.util.List;
import java.util.function.Consumer;

/** Root FDT and map. */
final class RootCases {

  static final List<RuleCase> ALL =
      List.of(
          // The structure block's offset; and a boot CPU, which means nothing here.
          luo(
              "FDT-001",
              guest -> guest.put32(guest.root() + 8, 0x01000000),
              guest -> guest.put32(guest.root() + 28, 0x01000000)),
          // totalsize, big-endian: a page and a byte, a page.
          luo(
              "FDT-002",
              guest -> guest.put32(guest.root() + 4, 0x01100000),
              guest -> guest.put32(guest.root() + 4, 0x00100000)),
          luo(
              "FDT-003",
              guest -> guest.text(guest.find(guest.root(), "kho-v4"), "kho-v9"),
              guest -> guest.text(guest.find(guest.root(), "kho-v4"), "kho-v3")),
          luo(
              "FDT-004",
              guest -> guest.text(guest.find(guest.root(), "kho-v4"), "kho-v1"),
              guest -> guest.text(guest.find(guest.root(), "kho-v4"), "kho-v3")),
          luo(
              "FDT-005",
              guest -> guest.text(guest.find(guest.root(), "preserved-memory-map"), "x"),
              guest -> guest.text(guest.find(guest.root(), "blob-size"), "x")),
          luo(
              "FDT-006",
              guest -> guest.put64(guest.find(guest.root(), guest.map()), 0),
              guest -> guest.put64(guest.find(guest.root(), guest.blob("memblock")), 0)),
          luo(
              "FDT-007",
              guest -> guest.text(guest.find(guest.root(), "blob-size"), "x"),
              guest -> guest.text(guest.find(guest.root(), "memblock"), "m")),
          luo(
              "FDT-008",
              guest -> guest.put64(guest.find(guest.root(), guest.blob("memblock")), 1L << 40),
              guest -> guest.put64(guest.find(guest.root(), guest.blob("memblock")), 0x1000)),
          luo(
              "FDT-009",
              guest -> guest.unpreserve(guest.blob("kexec-metadata"), 0),
              guest -> {
                guest.unpreserve(guest.blob("kexec-metadata"), 0);
                guest.preserve(guest.blob("kexec-metadata") & -0x4000, 2);
              }),
          luo(
              "FDT-010",
              guest -> guest.put64(guest.sizeField("memblock"), 209),
              guest -> guest.put64(guest.sizeField("kexec-metadata"), 74)),
          luo(
              "FDT-011",
              guest ->
                  guest.put64(
                      guest.find(guest.root(), guest.blob("memblock")), guest.blob("kho_test")),
              guest ->
                  guest.put64(
                      guest.find(guest.root(), guest.blob("memblock")),
                      guest.blob("kho_test") + 4096)),
          luo(
              "FDT-012",
              guest -> guest.unpreserve(guest.root(), 0),
              guest -> guest.unpreserve(guest.blob("kexec-metadata"), 0)),
          new RuleCase(
              "FDT-013",
              "gen2-running",
              guest -> {},
              // The running kernel's own handover has no map any more: nothing says which is which.
              guest -> guest.text(guest.find(guest.root(), "kexec-metadata"), "x")),
          luo(
              "MAP-001",
              guest -> guest.put64(child(guest, guest.map()), 0x1001),
              guest -> guest.put64(child(guest, guest.map()), 0)),
          luo(
              "MAP-002",
              guest -> guest.put64(child(guest, guest.map()), guest.map()),
              guest -> guest.put64(child(guest, guest.map()), guest.freePage())),
          luo(
              "MAP-003",
              guest -> guest.put64(guest.map() + 8 * 4, guest.freePage()),
              guest -> guest.put64(guest.map() + 8 * 3, guest.freePage())),
          luo("MAP-004", guest -> guest.key(0, true), guest -> guest.key(1L << 30, true)),
          luo(
              "MAP-005",
              guest -> guest.key(1L << 52 | 1L << 40, true),
              guest -> guest.key(1L << 52 | 0x10000, true)),
          luo(
              "MAP-006",
              guest -> guest.preserve(guest.root() & -0x2000, 1),
              guest -> guest.preserve(Guest.FREE, 1)),
          luo(
              "MAP-007",
              guest -> guest.preserve(guest.map(), 0),
              guest -> guest.preserve(Guest.FREE, 0)),
          luo(
              "MAP-008",
              guest -> guest.preserve(0x20000000, 0),
              guest -> guest.preserve(0x20000000 - 4096, 0)));

  private RootCases() {}

  private static RuleCase luo(String rule, Consumer<Guest> broken, Consumer<Guest> silent) {
    return new RuleCase(rule, "jump-luo", broken, silent);
  }

  /** The first slot of a table that is in use. */
  private static long child(Guest guest, long table) {
    long slot = table;
    while (guest.u64(slot) == 0) {
      slot += 8;
    }
    return slot;
  }
}
