package org.kho4j.lab.jump;

/** What a jump has in use, and what the next kernel is told. */
enum Use {
  EVERYTHING("everything", "", Use.RESERVE, true, true),
  NO_FILES("sessions without files", "", Use.RESERVE, true, false),
  NO_LUO("no LUO", "liveupdate=off", Use.RESERVE, false, false),
  NEXT_KHO_OFF("everything, next kernel with kho=off", "", Use.RESERVE + " kho=off", true, true),
  NEXT_LUO_OFF(
      "everything, next kernel with liveupdate=off",
      "",
      Use.RESERVE + " liveupdate=off",
      true,
      true),
  NEXT_RESERVES_NOTHING("everything, next kernel without reserve_mem", "", "", true, true),
  NEXT_RESERVES_MORE(
      "everything, next kernel with a larger reserve_mem",
      "",
      "reserve_mem=2M:65536:trace",
      true,
      true);

  static final String RESERVE = "reserve_mem=1M:65536:trace";

  final String label;

  /** On the first kernel's command line. */
  final String first;

  /** On the next kernel's. */
  final String next;

  /** Whether the first kernel preserves sessions. */
  final boolean sessions;

  /** Whether they have memfds. */
  final boolean files;

  Use(String label, String first, String next, boolean sessions, boolean files) {
    this.label = label;
    this.first = first;
    this.next = next;
    this.sessions = sessions;
    this.files = files;
  }
}
