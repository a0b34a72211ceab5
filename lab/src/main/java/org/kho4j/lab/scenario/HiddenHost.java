package org.kho4j.lab.scenario;

import java.nio.file.Path;
import java.util.List;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Run;

/**
 * kho in a guest that hides from it what it reads: it ends with a sentence and status 2, or does
 * without where it can.
 */
final class HiddenHost {

  private static final int FINE = 0;
  private static final int UNREADABLE = 2;

  private final Guest guest;

  private HiddenHost(Guest guest) {
    this.guest = guest;
  }

  static void run(Run run) throws Exception {
    Path over = run.directory().resolve("over");
    GuestDisk.addKho(run, over);
    new HiddenHost(GuestDisk.boot(run, 0, "init=/lab/hidden", List.of(over))).go(run);
  }

  private void go(Run run) throws Exception {
    int expected = run.contradict() ? FINE : UNREADABLE;
    memory("without debugfs", FINE, "");
    status("without debugfs", "not seen +/sys/kernel/debug is not visible");
    memory("with debugfs", FINE, "");
    status("with debugfs", "prepared ");
    memory("without root", expected, "/proc/kcore may be read only by root");
    status("without root", "not seen ");
    memory("without CAP_SYS_RAWIO", expected, "/proc/kcore: not permitted: CAP_SYS_RAWIO is miss");
    memory("without CAP_SYS_ADMIN", expected, "/proc/iomem hides the addresses of RAM");
    memory("container", expected, "/proc/kcore is empty: a container hides the host's memory");
    status("container", "not seen +/sys/kernel/debug is not visible");
    memory("container without capabilities", expected, "/proc/iomem hides the addresses of RAM");
    guest.awaitEnd();
  }

  /** How the commands ended that read memory. */
  private void memory(String where, int status, String sentence) throws InterruptedException {
    for (String command : List.of("inspect", "verify")) {
      guest.await(
          "lab: %s, kho %s running: %d: .*(%s)".formatted(where, command, status, sentence));
    }
  }

  /** A row of {@code kho status}, which shows what is left. */
  private void status(String where, String row) throws InterruptedException {
    guest.await("lab: %s, kho status: [01]: ".formatted(where));
    guest.await("lab: %s, row: %s".formatted(where, row));
  }
}
