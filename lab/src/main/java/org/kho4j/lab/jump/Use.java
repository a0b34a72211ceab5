package org.kho4j.lab.jump;

import org.kho4j.lab.guest.Stage;

/** What a jump has in use, and what the next kernel is told. */
enum Use {
  EVERYTHING("everything", Stage.ON, Use.RESERVE, Stage.ON, Use.RESERVE, true, true),
  NO_FILES("sessions without files", Stage.ON, Use.RESERVE, Stage.ON, Use.RESERVE, true, false),
  NO_LUO("no LUO", "kho=on liveupdate=off", Use.RESERVE, Stage.ON, Use.RESERVE, false, false),
  NO_RESERVATION("no reservation", Stage.ON, "", Stage.ON, Use.RESERVE, true, true),
  NEXT_KHO_OFF(
      "everything, next kernel with kho=off",
      Stage.ON,
      Use.RESERVE,
      "kho=off liveupdate=on",
      Use.RESERVE,
      true,
      true),
  NEXT_KHO_UNSAID(
      "everything, next kernel without kho=on",
      Stage.ON,
      Use.RESERVE,
      "liveupdate=on",
      Use.RESERVE,
      true,
      true),
  NEXT_LUO_OFF(
      "everything, next kernel with liveupdate=off",
      Stage.ON,
      Use.RESERVE,
      "kho=on liveupdate=off",
      Use.RESERVE,
      true,
      true),
  NEXT_LUO_UNSAID(
      "everything, next kernel without liveupdate=on",
      Stage.ON,
      Use.RESERVE,
      "kho=on",
      Use.RESERVE,
      true,
      true),
  NEXT_RESERVES_NOTHING(
      "everything, next kernel without reserve_mem",
      Stage.ON,
      Use.RESERVE,
      Stage.ON,
      "",
      true,
      true),
  NEXT_RESERVES_MORE(
      "everything, next kernel with a larger reserve_mem",
      Stage.ON,
      Use.RESERVE,
      Stage.ON,
      "reserve_mem=2M:65536:trace",
      true,
      true),
  NEXT_RESERVES_ANOTHER(
      "everything, next kernel with another name in reserve_mem",
      Stage.ON,
      Use.RESERVE,
      Stage.ON,
      "reserve_mem=1M:65536:other",
      true,
      true);

  private static final String RESERVE = "reserve_mem=1M:65536:trace";

  final String label;

  /** Of the first kernel. */
  final String switches;

  /** On the first kernel's command line, or nothing. */
  final String reservation;

  /** Of the next kernel. */
  final String nextSwitches;

  /** On the next kernel's command line, or nothing. */
  final String nextReservation;

  /** Whether the first kernel preserves sessions. */
  final boolean sessions;

  /** Whether they have memfds. */
  final boolean files;

  Use(
      String label,
      String switches,
      String reservation,
      String nextSwitches,
      String nextReservation,
      boolean sessions,
      boolean files) {
    this.label = label;
    this.switches = switches;
    this.reservation = reservation;
    this.nextSwitches = nextSwitches;
    this.nextReservation = nextReservation;
    this.sessions = sessions;
    this.files = files;
  }

  /** What decides on the next kernel's command line. */
  String nextLine() {
    return (nextSwitches + " " + nextReservation).strip();
  }
}
