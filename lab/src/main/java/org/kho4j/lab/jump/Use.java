package org.kho4j.lab.jump;

import org.kho4j.lab.guest.Stage;

/** The parts that a jump has in use, and the next kernel's command line. */
enum Use {
  EVERYTHING("everything", Stage.ON, Use.RESERVE, Stage.ON, Use.RESERVE, true, true),
  NO_FILES("sessions without files", Stage.ON, Use.RESERVE, Stage.ON, Use.RESERVE, true, false),
  NO_LUO("no LUO", "kho=on liveupdate=off", Use.RESERVE, Stage.ON, Use.RESERVE, false, false),
  NO_RESERVATION("no reservation", Stage.ON, "", Stage.ON, Use.RESERVE, true, true),
  NEXT_KHO_OFF("everything, next kernel with kho=off", "kho=off liveupdate=on", Use.RESERVE),
  NEXT_KHO_UNSAID("everything, next kernel without kho=on", "liveupdate=on", Use.RESERVE),
  NEXT_LUO_OFF("everything, next kernel with liveupdate=off", "kho=on liveupdate=off", Use.RESERVE),
  NEXT_LUO_UNSAID("everything, next kernel without liveupdate=on", "kho=on", Use.RESERVE),
  NEXT_RESERVES_NOTHING("everything, next kernel without reserve_mem", Stage.ON, ""),
  NEXT_RESERVES_MORE(
      "everything, next kernel with a larger reserve_mem", Stage.ON, "reserve_mem=2M:65536:trace"),
  NEXT_RESERVES_ANOTHER(
      "everything, next kernel with another name in reserve_mem",
      Stage.ON,
      "reserve_mem=1M:65536:other");

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

  /** Whether the sessions have memfds. */
  final boolean files;

  /** Everything is in use, and the next kernel's command line differs. */
  Use(String label, String nextSwitches, String nextReservation) {
    this(label, Stage.ON, Use.RESERVE, nextSwitches, nextReservation, true, true);
  }

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

  /** Returns the deciding part of the next kernel's command line. */
  String nextLine() {
    return (nextSwitches + " " + nextReservation).strip();
  }
}
