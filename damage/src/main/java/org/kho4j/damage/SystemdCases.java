package org.kho4j.damage;

import java.util.List;
import java.util.function.Consumer;

/** The mapping of systemd's session. Its one unit has one descriptor, which has token 1. */
final class SystemdCases {

  private static final String ENTRY = "{\"type\":\"fd\",\"name\":\"state\",\"token\":1}]}}}";

  static final List<RuleCase> ALL =
      List.of(
          systemd(
              "SYSTEMD-001",
              guest -> token(guest, 0, guest.pick(2, 7, -1)),
              guest -> token(guest, 1, guest.pick(2, 7, -1))),
          systemd(
              "SYSTEMD-002",
              guest -> guest.text(mapping(guest), guest.pick("[", "x", "\0")),
              guest -> guest.text(guest.find(mapping(guest), "KExecCount"), "kExecCount")),
          systemd(
              "SYSTEMD-003",
              guest -> guest.put64(memfd(guest) + 8, (4 << 20) + 1),
              guest -> guest.put64(memfd(guest) + 8, 4 << 20)),
          systemd(
              "SYSTEMD-004",
              guest -> put(guest, "\"version\":1", "\"version\":" + guest.pick("2", "9")),
              guest -> put(guest, "\"version\":1", "\"version\":0")),
          systemd(
              "SYSTEMD-005",
              guest ->
                  put(
                      guest,
                      ENTRY,
                      guest.pick(
                          "{\"type\":\"fx\",\"name\":\"state\",\"token\":1}]}}}",
                          "{\"type\":\"fd\",\"name\":\"state\",\"token\":0}]}}}",
                          "{\"type\":\"fd\",\"nome\":\"state\",\"token\":1}]}}}")),
              guest -> put(guest, ENTRY, "{\"type\":\"fd\",\"name\":\"steta\",\"token\":1}]}}}")),
          systemd(
              "SYSTEMD-006",
              guest -> put(guest, "\"token\":1", "\"token\":7"),
              SystemdCases::otherToken),
          systemd("SYSTEMD-007", guest -> token(guest, 1, 7), SystemdCases::otherToken),
          systemd(
              "SYSTEMD-008",
              guest -> otherSession(guest, "gone"),
              guest -> otherSession(guest, "systemd")));

  private SystemdCases() {}

  private static void otherToken(GuestMemory guest) {
    put(guest, "\"token\":1", "\"token\":7");
    token(guest, 1, 7);
  }

  /** Makes the descriptor one of a LUO session. */
  private static void otherSession(GuestMemory guest, String session) {
    long at = guest.find(mapping(guest), ENTRY);
    String entry =
        "{\"type\":\"luo_session\",\"name\":\"state\",\"sessionName\":\"%s\"}]}}}"
            .formatted(session);
    guest.text(at, entry);
    guest.put64(memfd(guest) + 8, at + entry.length() - mapping(guest));
  }

  /** Replaces a part of the mapping by one of the same length. */
  private static void put(GuestMemory guest, String part, String replacement) {
    guest.text(guest.find(mapping(guest), part), replacement);
  }

  /** Gives the file of a token another one. */
  private static void token(GuestMemory guest, long token, long other) {
    guest.put64(file(guest, token) + 56, other);
  }

  private static long file(GuestMemory guest, long token) {
    long first = guest.file(guest.pair(), 0);
    return guest.u64(first + 56) == token ? first : guest.file(guest.pair(), 1);
  }

  private static long memfd(GuestMemory guest) {
    return guest.u64(file(guest, 0) + 48);
  }

  /** The page of the mapping's JSON. */
  private static long mapping(GuestMemory guest) {
    long folios = guest.u64(guest.u64(memfd(guest) + 32) + 8);
    return (guest.u64(folios) & (1L << 52) - 1) << 12;
  }

  private static RuleCase systemd(
      String rule, Consumer<GuestMemory> broken, Consumer<GuestMemory> silent) {
    return new RuleCase(rule, "systemd-262-jump", broken, silent);
  }
}
