package org.kho4j.damage;

import static org.kho4j.damage.RuleCase.luo;

import java.lang.foreign.ValueLayout;
import java.util.List;

/** LUO: head, sessions, files, FLBs. */
final class LuoCases {

  private static final String LONG = "n".repeat(64);
  private static final long FILES = 0x20000;

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "ARRAY-001",
              guest -> {
                long session = arrays(guest);
                guest.put64(session + 64, guest.files(session) + 64);
              },
              LuoCases::arrays),
          luo(
              "ARRAY-002",
              guest -> guest.put64(arrays(guest) + 72, 129),
              guest -> guest.put64(arrays(guest) + 72, 128)),
          luo(
              "ARRAY-003",
              guest -> {
                long files = guest.files(arrays(guest));
                guest.unpreserve(files, 1);
                guest.preserve(files, 0);
                guest.preserve(files + guest.pageBytes(), 0);
              },
              LuoCases::arrays),
          luo(
              "ARRAY-004",
              guest -> {
                arrays(guest);
                guest.text(guest.free() + FILES + 64, "memfd-v2");
              },
              LuoCases::arrays),
          luo(
              "LUO-001",
              guest -> guest.put64(guest.sizeField("LUO"), guest.pick(31, 0, 8)),
              guest -> guest.put64(guest.sizeField("LUO"), 33)),
          luo(
              "LUO-002",
              guest ->
                  guest.text(
                      guest.find(guest.blob("LUO"), guest.luo()), guest.pick("luo-v0", "lux-v5")),
              guest -> guest.text(guest.blob("LUO"), "luo-v4")),
          luo("LUO-003", LuoCases::arrays, guest -> tree(guest, true)),
          luo(
              "LUO-004",
              guest -> {
                guest.unpreserve(guest.blob("LUO"), 0);
                guest.preserve(guest.blob("LUO") & -0x2000, 1 + guest.pick(2));
              },
              guest -> guest.put64(guest.blob("LUO") + 8, 2)),
          luo(
              "LUO-005",
              guest ->
                  guest.text(guest.pick(guest.empty(), guest.single()), guest.pick(LONG, "\0")),
              guest -> guest.text(guest.empty(), LONG.substring(1) + "\0")),
          luo(
              "LUO-006",
              guest -> guest.text(guest.empty(), guest.name(guest.single())),
              guest -> guest.text(guest.empty(), "nobody has this name\0")),
          luo(
              "LUO-007",
              guest -> guest.put64(guest.single() + 72, guest.pick(2, 7, 1 << 20)),
              guest -> {
                long session = guest.pair();
                guest.put64(session + 72, 1);
                guest.put64(guest.files(session) + 8, 1);
              }),
          luo(
              "LUO-008",
              guest -> guest.put64(guest.pick(guest.single(), guest.pair()) + 64, 0),
              guest -> {
                guest.put64(guest.single() + 64, 0);
                guest.put64(guest.single() + 72, 0);
              }),
          luo(
              "LUO-009",
              guest -> guest.text(guest.file(), LONG.substring(16)),
              guest -> guest.text(guest.file(), LONG.substring(17) + "\0")),
          luo(
              "LUO-010",
              guest -> guest.text(guest.file(), guest.pick("vfio-v1\0\0", "iommufd-v1\0", "x\0")),
              guest -> guest.text(guest.file(), "memfd-v3\0")),
          luo(
              "LUO-011",
              guest -> {
                long session = guest.pair();
                guest.put64(guest.file(session, 1) + 56, guest.u64(guest.file(session, 0) + 56));
              },
              guest -> guest.put64(guest.file(guest.otherSingle(), 0) + 56, 8194)),
          luo(
              "LUO-012",
              guest -> guest.text(guest.file(guest.pair(), 1), "memfd-v0"),
              guest -> guest.text(guest.file(guest.otherSingle(), 0), "memfd-v0")),
          luo(
              "LUO-013",
              guest -> {
                tree(guest, true);
                long name = Blobs.property(guest, guest.blob("LUO"), "luo-session-header") - 4;
                guest.put32(name, 0);
              },
              guest -> tree(guest, true)),
          luo("LUO-014", guest -> tree(guest, false), guest -> tree(guest, true)),
          luo(
              "LUO-015",
              guest -> guest.put64(guest.file() + 48, 0),
              guest -> guest.put64(guest.file(guest.otherSingle(), 0) + 56, 8194)),
          luo(
              "LUO-016",
              guest -> guest.text(guest.find(guest.root(), guest.kho()), "kho-v3"),
              guest -> guest.text(guest.find(guest.root(), guest.kho()), "kho-v9")),
          luo(
              "LUO-017",
              guest ->
                  guest.text(
                      guest.find(guest.blob("LUO"), guest.luo()), guest.pick("luo-v9", "luo-v6")),
              guest -> guest.text(guest.blob("LUO"), "luo-v4")),
          luo(
              "FLB-001",
              guest -> guest.put64(guest.flbsField(), guest.pick(0L, 1L << 40, -4096L)),
              guest -> guest.put64(guest.flbs() + 8, 0)),
          luo(
              "FLB-002",
              guest -> {
                guest.unpreserve(guest.flbs(), 0);
                if (guest.pick(2) == 1) {
                  guest.preserve(guest.flbs() & -0x2000, 1);
                }
              },
              guest -> guest.unpreserve(guest.sessions(), 0)),
          luo(
              "FLB-003",
              guest -> guest.put64(guest.flbs() + 8, guest.pick(64, 1000, 1 << 30)),
              guest -> guest.put64(guest.flbs() + 8, 63)),
          luo(
              "FLB-004",
              guest -> guest.put64(guest.flbs(), guest.pick(2, 0, 1000)),
              guest -> guest.put64(guest.flbs(), 1)),
          luo(
              "FLB-005",
              guest -> guest.text(flb(guest, guest.pick(3)), LONG.substring(16)),
              guest -> guest.text(guest.flbs() + 16, LONG.substring(17) + "\0")),
          luo(
              "FLB-006",
              guest -> {
                int second = 1 + guest.pick(2);
                guest.text(flb(guest, guest.pick(second)), "liveupdate-test-flb-v" + second);
              },
              guest -> guest.text(guest.flbs() + 16, "liveupdate-test-flb-v4")),
          luo(
              "FLB-007",
              guest -> guest.put64(flb(guest, guest.pick(3)) + 56, guest.pick(0, 5, 1 << 20)),
              guest -> guest.put64(guest.blob("LUO") + 8, 3)),
          luo(
              "FLB-008",
              guest -> ownFlb(guest, guest.pick(1L << 40, guest.free())),
              guest -> ownFlb(guest, guest.pick(guest.root() + 8, guest.root()))),
          luo(
              "FLB-009",
              guest -> guest.put64(guest.flbs() + 8, guest.pick(2, 1, 0)),
              guest -> guest.text(flb(guest, 2), "liveupdate-test-flb-v4")));

  private LuoCases() {}

  /** Makes one of the FLBs another driver's. */
  private static void ownFlb(GuestMemory guest, long data) {
    long flb = flb(guest, guest.pick(3));
    guest.text(flb, "pci-v2\0");
    guest.put64(flb + 48, data);
  }

  private static long flb(GuestMemory guest, int number) {
    return guest.flbs() + 16 + 64L * number;
  }

  /**
   * A session of one file, in arrays: of a guest that has blocks a luo-v3 with nothing else.
   *
   * @return the session
   */
  private static long arrays(GuestMemory guest) {
    if (guest.hasArrays()) {
      return guest.single();
    }
    long sessions = guest.free();
    long files = sessions + FILES;
    guest.preserve(sessions, 4);
    guest.preserve(files, 1);
    guest.ram.put(files, guest.ram.read(guest.file(), 64).toArray(ValueLayout.JAVA_BYTE));
    guest.text(guest.blob("LUO"), "luo-v3");
    guest.put64(guest.blob("LUO") + 16, sessions);
    guest.put64(sessions, 1);
    guest.text(sessions + 8, "one");
    guest.put64(sessions + 72, files);
    guest.put64(sessions + 80, 1);
    return sessions + 8;
  }

  /** Writes a session of one file in arrays, with the device tree of luo-v1. */
  private static void tree(GuestMemory guest, boolean withFlbs) {
    arrays(guest);
    Blobs.liveUpdate(guest, guest.sessions(), withFlbs);
  }
}
