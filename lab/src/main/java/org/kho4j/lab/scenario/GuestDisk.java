package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.kho4j.lab.guest.Boot;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;

/** A guest with Debian and a Java runtime on its disk. */
final class GuestDisk {

  private static final long MEMORY = 1L << 30;

  private GuestDisk() {}

  /**
   * Boots the run's kernel; the guest jumps to 7.3.
   *
   * @param number for the guest's programs
   */
  static Guest boot(Run run, long number, String parameters)
      throws IOException, InterruptedException {
    Kernel next = Kernel.described(run.lab(), "java/7.3").built(run.lab());
    Path disk = make(run, number, next);
    Stage stage =
        new Stage(
            run.kernel(), "root=/dev/vda rw systemd.show_status=no " + parameters, new Script());
    return run.boot(Boot.fromDisk(new Machine(MEMORY, 1), stage, disk));
  }

  /** Without the last number: {@code "7.3"}. */
  static String release(Run run) {
    return run.kernel().name().replace("java/", "");
  }

  private static Path make(Run run, long number, Kernel next) throws IOException {
    Path disk = run.directory().resolve("disk");
    run.program(
        "disk",
        List.of(
            run.lab().resolve("disk").toString(),
            disk.toString(),
            Long.toString(run.told(number)),
            next.image().toString()));
    return disk;
  }
}
