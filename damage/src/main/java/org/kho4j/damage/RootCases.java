package org.kho4j.damage;

import static org.kho4j.damage.RuleCase.luo;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.kho4j.abi.KhoRadix;

/** Root FDT and map. */
final class RootCases {

  static final List<RuleCase> ALL =
      List.of(
          // The structure block's offset; and a boot CPU, which means nothing here.
          luo(
              "FDT-001",
              guest -> guest.put32(guest.root() + guest.pick(8, 4, 12, 20, 24), 0x01000000),
              guest -> guest.put32(guest.root() + 28, 0x01000000)),
          // totalsize, big-endian: a page and a byte, a page.
          luo(
              "FDT-002",
              guest ->
                  guest.put32(guest.root() + 4, guest.pick(0x01100000, 0x00200000, 0x0000ff00)),
              guest -> guest.put32(guest.root() + 4, 0x00100000)),
          luo(
              "FDT-003",
              guest ->
                  guest.text(guest.find(guest.root(), guest.kho()), guest.pick("kho-v0", "khx-v4")),
              guest -> guest.text(guest.find(guest.root(), guest.kho()), "kho-v3")),
          luo(
              "FDT-004",
              guest -> guest.text(guest.find(guest.root(), guest.kho()), "kho-v2"),
              guest -> guest.text(guest.find(guest.root(), guest.kho()), "kho-v3")),
          luo(
              "FDT-005",
              guest -> {
                if (guest.pick(2) == 0) {
                  guest.text(guest.find(guest.root(), "preserved-memory-map"), "x");
                } else {
                  guest.put32(guest.find(guest.root(), guest.map()) - 8, 0x04000000);
                }
              },
              guest -> guest.text(guest.find(guest.root(), "blob-size"), "x")),
          luo(
              "FDT-006",
              guest -> guest.put64(guest.find(guest.root(), guest.map()), 0),
              guest -> guest.put64(guest.find(guest.root(), guest.blob("memblock")), 0)),
          luo(
              "FDT-007",
              guest ->
                  guest.text(
                      guest.find(guest.root(), guest.pick("blob-size", "preserved-data")), "x"),
              guest -> guest.text(guest.find(guest.root(), "memblock"), "m")),
          luo(
              "FDT-008",
              guest ->
                  guest.put64(
                      guest.find(guest.root(), guest.blob(subtree(guest))),
                      guest.pick(1L << 40, 0x20000000L, -4096L)),
              guest -> guest.put64(guest.find(guest.root(), guest.blob("memblock")), 0x1000)),
          luo(
              "FDT-009",
              guest ->
                  guest.unpreserve(
                      guest.blob(guest.pick("kexec-metadata", "memblock", "kho_test")), 0),
              guest -> {
                guest.unpreserve(guest.blob("kexec-metadata"), 0);
                guest.preserve(guest.blob("kexec-metadata") & -0x4000, 2);
              }),
          luo(
              "FDT-010",
              guest -> {
                String subtree = guest.pick("memblock", "kho_test");
                long size = guest.sizeField(subtree);
                guest.put64(size, guest.u64(size) - 1 - guest.pick(40));
              },
              guest -> guest.put64(guest.sizeField("kexec-metadata"), 74)),
          luo(
              "FDT-011",
              guest -> {
                String subtree = guest.pick("memblock", "kexec-metadata", "kho_test");
                String other = subtree.equals("kho_test") ? "memblock" : "kho_test";
                guest.put64(guest.find(guest.root(), guest.blob(subtree)), guest.blob(other));
              },
              guest ->
                  guest.put64(
                      guest.find(guest.root(), guest.blob("memblock")),
                      guest.blob("kho_test") + guest.pageBytes())),
          luo(
              "FDT-012",
              guest -> {
                guest.unpreserve(guest.root(), 0);
                if (guest.pick(2) == 1) {
                  guest.preserve(guest.root() & -0x2000, 1);
                }
              },
              guest -> guest.unpreserve(guest.blob("kexec-metadata"), 0)),
          new RuleCase(
              "FDT-013",
              "gen2-running",
              guest -> {},
              // The running kernel's own handover has no map any more: nothing says which is which.
              guest -> guest.text(guest.find(guest.root(), "kexec-metadata"), "x")),
          list(
              "FDT-014",
              guest -> guest.put64(guest.find(guest.root(), guest.map()), 0),
              guest -> guest.put64(guest.find(guest.root(), guest.map()), guest.u64(guest.map()))),
          luo(
              "FDT-015",
              guest ->
                  guest.text(guest.find(guest.root(), guest.kho()), guest.pick("kho-v9", "kho-v5")),
              guest -> guest.text(guest.find(guest.root(), guest.kho()), "kho-v3")),
          luo(
              "MAP-001",
              guest -> guest.put64(child(guest), guest.pick(0x1001L, 1L << 40, -4096L)),
              guest -> guest.put64(child(guest), 0)),
          luo(
              "MAP-002",
              guest -> guest.put64(child(guest), guest.map()),
              guest -> guest.put64(child(guest), guest.freePage())),
          luo(
              "MAP-003",
              guest -> guest.put64(beyond(guest), guest.freePage()),
              guest -> guest.put64(guest.map() + 8 * 3, guest.freePage())),
          luo("MAP-004", guest -> guest.key(0, true), guest -> guest.key(1L << 30, true)),
          luo(
              "MAP-005",
              guest -> guest.key(orderZero(guest) | 1L << (pageBits(guest) + guest.pick(12)), true),
              guest -> guest.key(orderZero(guest) | 0x10000, true)),
          luo(
              "MAP-006",
              guest -> {
                long page = guest.pick(guest.root(), guest.memfd(), guest.flbs());
                int order = 1 + guest.pick(3);
                guest.preserve(page & -(guest.pageBytes() << order), order);
              },
              guest -> guest.preserve(guest.free(), 1)),
          luo(
              "MAP-007",
              guest -> guest.preserve(guest.pick(guest.map(), guest.u64(child(guest))), 0),
              guest -> guest.preserve(guest.free(), 0)),
          luo(
              "MAP-008",
              guest -> guest.preserve(guest.end() + guest.pageBytes() * guest.pick(1 << 16), 0),
              guest -> guest.preserve(guest.end() - guest.pageBytes(), 0)),
          // The first chunk of a list has one element.
          list(
              "MAP-009",
              guest -> guest.put32(guest.map() + 12, 256),
              guest -> guest.put32(guest.map() + 12, 255)),
          list(
              "MAP-010",
              guest -> guest.put32(guest.map() + 8, 19),
              guest -> guest.put32(guest.map() + 8, 18)),
          list(
              "MAP-011",
              guest -> guest.put64(guest.map() + 16, guest.u64(guest.map() + 16) + 4096),
              guest -> guest.put64(guest.map() + 16, guest.u64(guest.map() + 16) + 0x1000000)),
          list(
              "MAP-012",
              guest -> guest.put64(guest.map() + 24, bitmap(guest) + 8),
              guest -> guest.put64(guest.map() + 24, bitmap(guest) ^ 0x800)),
          list("MAP-013", guest -> second(guest, 0), guest -> second(guest, 0x1000000)),
          list("MAP-014", guest -> second(guest, -0x1000000), guest -> second(guest, 0x1000000)),
          new RuleCase(
              "MAP-015",
              "linux-6.17.9-4k",
              guest -> {},
              guest -> guest.put64(guest.map() + 24, bitmap(guest) + 512)),
          new RuleCase(
              "MAP-016",
              "linux-6.18-4k",
              guest -> {},
              guest -> guest.put64(guest.map() + 24, bitmap(guest) + 512)),
          new RuleCase(
              "MAP-017",
              "kho-v2-16k",
              guest -> {},
              guest -> guest.text(guest.find(guest.root(), "kho-v2"), "kho-v4")),
          luo(
              "MAP-018",
              guest -> {
                int order = 1 + guest.pick(9);
                guest.preserve(guest.free(), order);
                guest.node(guest.free() + (guest.pageBytes() << (order - 1)));
              },
              guest -> {
                guest.preserve(guest.free(), 4);
                guest.node(guest.free() + (guest.pageBytes() << 4));
              }),
          luo(
              "MAP-019",
              guest -> {
                guest.text(guest.find(guest.root(), guest.kho()), "kho-v3");
                guest.preserve(1L << 40, 19 + guest.pick(3));
              },
              guest -> {
                guest.text(guest.find(guest.root(), guest.kho()), "kho-v3");
                guest.preserve(1L << 40, 18);
              }),
          list(
              "MAP-020",
              guest -> {
                if (guest.pick(2) == 0) {
                  guest.put32(guest.map() + 12, 0);
                } else {
                  second(guest, 0x1000000);
                  guest.put32(guest.map() + 12, 1);
                }
              },
              guest -> second(guest, 0x1000000)));

  private RootCases() {}

  private static RuleCase list(
      String rule, Consumer<GuestMemory> broken, Consumer<GuestMemory> silent) {
    return new RuleCase(rule, "linux-6.16-4k", broken, silent);
  }

  private static long bitmap(GuestMemory guest) {
    return guest.u64(guest.map() + 24);
  }

  /** Another element in a list's first chunk, so far behind the first, with an empty bitmap. */
  private static void second(GuestMemory guest, long distance) {
    guest.put32(guest.map() + 12, 2);
    guest.put64(guest.map() + 32, guest.u64(guest.map() + 16) + distance);
    guest.put64(guest.map() + 40, (bitmap(guest) & -4096) + 0xe00);
  }

  private static String subtree(GuestMemory guest) {
    return guest.pick("memblock", "kexec-metadata", "kho_test", "LUO");
  }

  private static long orderZero(GuestMemory guest) {
    return 1L << KhoRadix.orderZeroBit(guest.pageSize());
  }

  private static int pageBits(GuestMemory guest) {
    return KhoRadix.MAX_PHYSICAL_BITS - guest.pageSize().shift();
  }

  /** A slot of the root beyond all bits of a key. */
  private static long beyond(GuestMemory guest) {
    int top = KhoRadix.levelShift(guest.pageSize(), guest.topLevel());
    int usable = 1 << (KhoRadix.orderZeroBit(guest.pageSize()) + 1 - top);
    int slots = 1 << KhoRadix.tableBits(guest.pageSize());
    return guest.map() + 8L * (usable + guest.pick(slots - usable));
  }

  /** A slot of a table that is in use, some levels below the root. */
  private static long child(GuestMemory guest) {
    long slot = used(guest, guest.map());
    for (int levels = guest.pick(guest.topLevel()); levels > 0; levels--) {
      slot = used(guest, guest.u64(slot));
    }
    return slot;
  }

  private static long used(GuestMemory guest, long table) {
    List<Long> used = new ArrayList<>();
    for (long slot = table; slot < table + guest.pageBytes(); slot += 8) {
      if (guest.u64(slot) != 0) {
        used.add(slot);
      }
    }
    return used.get(guest.pick(used.size()));
  }
}
