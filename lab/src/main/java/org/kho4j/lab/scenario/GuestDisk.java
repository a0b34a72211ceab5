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
   * Boots the kernel for a JVM with the release of the run's kernel; the guest jumps to 7.3.
   *
   * @param number for the guest's programs
   */
  static Guest boot(Run run, long number, String parameters)
      throws IOException, InterruptedException {
    Kernel first = built(run, release(run));
    Path disk = make(run, number, built(run, "7.3"));
    Stage stage =
        new Stage(first, "root=/dev/vda rw systemd.show_status=no " + parameters, new Script());
    return run.boot(Boot.fromDisk(new Machine(MEMORY, 1), stage, disk));
  }

  /** The release of the run's kernel, and before it the architecture and page size if not x86-64. */
  static String release(Run run) {
    return run.kernel().name().replace("x86_64-", "");
  }

  /** The kernel for guests with a JVM. */
  static Kernel built(Run run, String release) throws IOException, InterruptedException {
    return Kernel.described(run.lab(), "java/" + release).built(run.lab());
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
