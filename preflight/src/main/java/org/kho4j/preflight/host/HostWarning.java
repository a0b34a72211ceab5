package org.kho4j.preflight.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.kho4j.preflight.host.HostStatus.Prepared;
import org.kho4j.preflight.host.HostStatus.State;
import org.kho4j.preflight.host.LiveUpdateUse.Holder;
import org.kho4j.preflight.host.LiveUpdateUse.OpenSession;

/**
 * A condition that blocks the next live update of a host, with its remedy.
 *
 * @param sentence the condition
 * @param remedy the remedy
 */
public record HostWarning(String sentence, String remedy) {

  /** The handover waits for a step that nobody takes at the jump, up to Linux 7.0. */
  public static final HostWarning UNFINALIZED =
      new HostWarning(
          "the handover is not finalized (/sys/kernel/debug/kho/out/finalize is 0): nothing"
              + " survives a kexec",
          "write 1 to this file before the jump, and up to Linux 6.18 before the kexec load");

  /** The first systemd that hands the stores of its units over. */
  private static final int SYSTEMD_WITH_LUO = 261;

  /** Returns the warnings of a host, the most general first. */
  public static List<HostWarning> of(HostStatus host) {
    List<HostWarning> warnings = new ArrayList<>();
    if (host.kho().state() == State.MISSING) {
      warnings.add(
          new HostWarning(
              "this kernel has no KHO: nothing survives a kexec",
              "boot a kernel with CONFIG_KEXEC_HANDOVER (Linux 6.16 and later)"));
      return warnings;
    }
    if (host.kho().state() == State.OFF) {
      warnings.add(
          new HostWarning(
              "KHO is off: nothing survives a kexec",
              "boot with kho=on on the kernel's command line"));
      return warnings;
    }
    if (host.given().refused()) {
      warnings.add(
          new HostWarning(
              "this kernel was given a handover and did not accept it: its state is lost",
              "find \"disabling KHO revival\" in dmesg, and run kho preflight before a jump"));
    }
    // LUO finalizes the handover at the jump.
    if (host.luo().state() != State.ON
        && host.prepared().flatMap(Prepared::finalized).equals(Optional.of(false))) {
      warnings.add(UNFINALIZED);
    }
    if (host.luo().state() == State.OFF) {
      warnings.add(
          new HostWarning(
              "LUO is off: no file of a process survives a kexec",
              "boot with liveupdate=on on the kernel's command line"));
    }
    if (host.luo().state() == State.MISSING) {
      warnings.add(
          new HostWarning(
              "this kernel has no LUO: no file of a process survives a kexec",
              "boot a kernel with CONFIG_LIVEUPDATE (Linux 6.19 and later)"));
    }
    if (host.systemd().isPresent() && host.systemd().getAsInt() < SYSTEMD_WITH_LUO) {
      warnings.add(
          new HostWarning(
              "systemd %d does not hand over the descriptor stores of its units"
                  .formatted(host.systemd().getAsInt()),
              "install systemd " + SYSTEMD_WITH_LUO + " or later"));
    }
    for (OpenSession session : host.use().sessions()) {
      if (!session.isHeldByInit()) {
        warnings.add(
            new HostWarning(
                ("session \"%s\" is open only in %s: it is lost when this process ends, as during"
                        + " systemctl kexec")
                    .formatted(session.name(), names(session.holders())),
                "give the descriptor to systemd (FDSTORE=1, FileDescriptorStorePreserve=yes), or"
                    + " keep the process until the kexec"));
      }
    }
    for (DescriptorStore store : host.stores().orElse(List.of())) {
      if (!store.isPreserved()) {
        warnings.add(
            new HostWarning(
                ("systemd closes the stored descriptors of %s when the unit stops, as during"
                        + " systemctl kexec: the state is lost")
                    .formatted(store.unit()),
                "set FileDescriptorStorePreserve=yes in the unit"));
      }
    }
    return warnings;
  }

  /** Returns the names of processes: {@code qemu (PID 900), luod (PID 812)}. */
  public static String names(List<Holder> holders) {
    return holders.stream()
        .map(holder -> "%s (PID %d)".formatted(holder.command(), holder.pid()))
        .collect(Collectors.joining(", "));
  }
}
