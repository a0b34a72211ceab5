package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.host.CommandLine.Reservation;

/** A next kernel's command line comes from an operator, or from a host's /proc/cmdline. */
class CommandLineFuzzTest {

  @FuzzTest
  void reads(@NotNull String text) {
    CommandLine line = new CommandLine(text);
    line.kho();
    line.liveupdate();
    for (Reservation reservation : line.reservations()) {
      if (reservation.size() <= 0 || reservation.align() <= 0 || reservation.name().isEmpty()) {
        throw new AssertionError("a reservation that no kernel makes: " + reservation);
      }
    }
  }
}
