package org.kho4j.verify;

import java.util.List;
import java.util.function.Consumer;

/** LUO: head, sessions, files, FLBs. */
final class LuoCases {

  private static final String LONG = "n".repeat(64);

  static final List<RuleCase> ALL =
      List.of(
          luo(
              "LUO-001",
              guest -> guest.put64(guest.sizeField("LUO"), 31),
              guest -> guest.put64(guest.sizeField("LUO"), 33)),
          luo(
              "LUO-002",
              guest -> guest.text(guest.blob("LUO"), "luo-v9"),
              guest -> guest.text(guest.blob("LUO"), "luo-v4")),
          luo(
              "LUO-003",
              guest -> guest.text(guest.blob("LUO"), "luo-v4"),
              guest -> guest.text(guest.blob("LUO"), "luo-v9")),
          luo(
              "LUO-004",
              guest -> {
                guest.unpreserve(guest.blob("LUO"), 0);
                guest.preserve(guest.blob("LUO") & -0x2000, 1);
              },
              guest -> guest.put64(guest.blob("LUO") + 8, 2)),
          luo(
              "LUO-005",
              guest -> guest.text(guest.session(1), LONG),
              guest -> guest.text(guest.session(1), LONG.substring(1) + "\0")),
          luo(
              "LUO-006",
              guest -> guest.text(guest.session(1), "multi-test-empty-2"),
              guest -> guest.text(guest.session(1), "multi-test-empty-3")),
          luo(
              "LUO-007",
              guest -> guest.put64(guest.session(0) + 72, 2),
              guest -> {
                guest.put64(guest.session(4) + 72, 1);
                guest.put64(guest.files(4) + 8, 1);
              }),
          luo(
              "LUO-008",
              guest -> guest.put64(guest.session(0) + 64, 0),
              guest -> {
                guest.put64(guest.session(0) + 64, 0);
                guest.put64(guest.session(0) + 72, 0);
              }),
          luo(
              "LUO-009",
              guest -> guest.text(guest.file(0, 0), LONG.substring(16)),
              guest -> guest.text(guest.file(0, 0), LONG.substring(17) + "\0")),
          luo(
              "LUO-010",
              guest -> guest.text(guest.file(0, 0), "vfio-v1\0\0"),
              guest -> guest.text(guest.file(0, 0), "memfd-v3\0")),
          luo(
              "LUO-011",
              guest -> guest.put64(guest.file(4, 1) + 56, 8194),
              guest -> guest.put64(guest.file(3, 0) + 56, 8194)),
          luo(
              "LUO-012",
              guest -> guest.text(guest.file(4, 1), "memfd-v3"),
              guest -> guest.text(guest.file(3, 0), "memfd-v3")),
          luo(
              "FLB-001",
              guest -> guest.put64(guest.blob("LUO") + 24, 0),
              guest -> guest.put64(guest.flbs() + 8, 0)),
          luo(
              "FLB-002",
              guest -> guest.unpreserve(guest.flbs(), 0),
              guest -> guest.unpreserve(guest.sessions(), 0)),
          luo(
              "FLB-003",
              guest -> guest.put64(guest.flbs() + 8, 64),
              guest -> guest.put64(guest.flbs() + 8, 63)),
          luo(
              "FLB-004",
              guest -> guest.put64(guest.flbs(), 2),
              guest -> guest.put64(guest.flbs(), 1)),
          luo(
              "FLB-005",
              guest -> guest.text(guest.flbs() + 16, LONG.substring(16)),
              guest -> guest.text(guest.flbs() + 16, LONG.substring(17) + "\0")),
          luo(
              "FLB-006",
              guest -> guest.text(guest.flbs() + 16, "liveupdate-test-flb-v1"),
              guest -> guest.text(guest.flbs() + 16, "liveupdate-test-flb-v4")));

  private LuoCases() {}

  private static RuleCase luo(String rule, Consumer<Guest> broken, Consumer<Guest> silent) {
    return new RuleCase(rule, "jump-luo", broken, silent);
  }
}
