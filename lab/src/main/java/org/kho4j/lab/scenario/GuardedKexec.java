package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.Run;

/**
 * The units of {@code examples/systemd} under a real systemd: {@code systemctl kexec} into a kernel
 * with another version of LUO is stopped, and the service has its entries; into the same kernel, it
 * goes through, and the service has its entries there.
 */
final class GuardedKexec {

  private static final int ENTRIES = 500;
  private static final String UNITS = "etc/systemd/system";

  private final Run run;
  private final Guest guest;

  private GuardedKexec(Run run, Guest guest) {
    this.run = run;
    this.guest = guest;
  }

  static void run(Run run) throws Exception {
    Path over = run.directory().resolve("over");
    GuestDisk.addKho(run, over);
    units(run, over);
    boot(run, over);
    new GuardedKexec(run, GuestDisk.boot(run, ENTRIES, "", List.of(over))).go();
  }

  private static void units(Run run, Path over) throws IOException {
    Path from = run.lab().resolveSibling("examples/systemd");
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        Path to = over.resolve(UNITS).resolve(from.relativize(file).toString());
        Files.createDirectories(to.getParent());
        Files.copy(file, to);
      }
    }
    Path own = over.resolve(UNITS).resolve("kho-kexec.service.d/lab.conf");
    Files.createDirectories(own.getParent());
    // The guest has no EFI system partition.
    Files.writeString(own, "[Service]\nEnvironment=SYSTEMD_ESP_PATH=/efi\n");
    GuestDisk.addProgram(
        over.resolve("lab/steps"), Files.readString(run.lab().resolve("guest/disk/guarded")));
  }

  /** The running kernel where distributions have it, and the two that boot entries name. */
  private static void boot(Run run, Path over) throws IOException, InterruptedException {
    Path boot = Files.createDirectories(over.resolve("boot"));
    Path efi = Files.createDirectories(over.resolve("efi"));
    Kernel kernel = run.kernel();
    Files.copy(kernel.image(), boot.resolve("vmlinuz-" + kernel.release()));
    Files.copy(kernel.image(), efi.resolve("same"));
    Files.copy(GuestDisk.built(run, "luo-v6").image(), efi.resolve("other"));
  }

  private void go() throws Exception {
    String first = boot();
    same("fill");
    guest.await("lab: journal of kho-kexec: .*panic.*luo");
    guest.await("lab: the service was not stopped");
    same("kho-kexec");
    run.same("the boot after systemctl kexec into another LUO", first, boot());
    guest.await("lab: journal of kho-preflight: .*panic.*luo");
    guest.await("lab: journal of systemd-kexec: no jump: .*");
    same("a jump that was stopped");
    String second = boot();
    run.check(!second.equals(first), "systemctl kexec into the same kernel did not jump");
    same("systemctl kexec");
    run.check(!boot().equals(second), "kho-kexec into the same kernel did not jump");
    same("kho-kexec into the same kernel");
    guest.awaitEnd();
  }

  /** The identity of the boot that begins. */
  private String boot() throws InterruptedException {
    Matcher line = guest.await("lab: release .*, boot (\\S+)");
    return line.group(1);
  }

  private void same(String event) throws InterruptedException {
    guest.await("lab: after %s: %d entries are the same".formatted(event, ENTRIES));
  }
}
