package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Limits;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.KernelConfig;
import org.kho4j.preflight.profile.Profile;

/** Judges the effect of the next kernel's command line on a handover. */
final class NextCommandLine {

  private static final long PAGE = 1L << 12;

  private final Profile to;
  private final PartVerdicts verdicts;
  private final List<String> notes;

  NextCommandLine(Profile to, PartVerdicts verdicts, List<String> notes) {
    this.to = to;
    this.verdicts = verdicts;
    this.notes = notes;
  }

  /** Judges reservations: each comes back only to a command line that asks for it unchanged. */
  void reservations(List<ReserveMem> reservations, Optional<CommandLine> line) {
    if (reservations.isEmpty()) {
      return;
    }
    if (line.isEmpty()) {
      verdicts.doubt(
          Part.MEMBLOCK,
          "the next command line is unknown (--cmdline): it needs "
              + reservations.stream()
                  .map(NextCommandLine::parameter)
                  .collect(Collectors.joining(" ")));
      return;
    }
    String wrong =
        reservations.stream()
            .flatMap(one -> wrong(one, line.get()).stream())
            .collect(Collectors.joining("; "));
    if (!wrong.isEmpty()) {
      verdicts.spoil(
          Part.MEMBLOCK, Verdict.LOST, wrong + ": it allocates a new, empty reservation");
    }
  }

  private static String parameter(ReserveMem one) {
    return "reserve_mem=%d:%d:%s"
        .formatted(one.size(), Math.min(Long.lowestOneBit(one.start()), PAGE), one.name());
  }

  private static Optional<String> wrong(ReserveMem one, CommandLine line) {
    Optional<CommandLine.Reservation> asked =
        line.reservations().stream().filter(each -> each.name().equals(one.name())).findFirst();
    if (asked.isEmpty()) {
      boolean tooLate = line.requested().stream().anyMatch(each -> each.name().equals(one.name()));
      String lacks =
          tooLate
              ? "a kernel accepts only %d reserve_mem=, and the first %1$d of the next command line lack"
                  .formatted(Limits.RESERVE_MEM_ENTRIES)
              : "the next command line lacks";
      return Optional.of(
          "%s %s for the reservation \"%s\"".formatted(lacks, parameter(one), one.name()));
    }
    if (asked.get().size() != one.size()) {
      return Optional.of(
          "the next command line asks for %d bytes of the reservation \"%s\", which has %d"
              .formatted(asked.get().size(), one.name(), one.size()));
    }
    if ((one.start() & (asked.get().align() - 1)) != 0) {
      return Optional.of(
          "the next command line aligns the reservation \"%s\" to 0x%x, but its address is 0x%x"
              .formatted(one.name(), asked.get().align(), one.start()));
    }
    return Optional.empty();
  }

  /**
   * Judges {@code kho=} and {@code liveupdate=}. Without {@code kho=}, the next kernel's
   * configuration decides.
   */
  void switches(CommandLine line) {
    Optional<Boolean> kho = line.kho().or(() -> to.config().map(KernelConfig::khoByDefault));
    String without =
        line.has("kho")
            ? "the value of kho= on the next command line is neither on nor off"
            : "kho= is not on the next command line";
    if (line.kho().isEmpty() && kho.equals(Optional.of(true))) {
      notes.add(without + ", but the next kernel's configuration has KHO on");
    }
    if (kho.equals(Optional.of(false))) {
      String off = line.kho().isPresent() ? "with kho=off" : "without kho=on";
      verdicts.settle(
          Part.KEXEC_METADATA,
          Verdict.DEGRADED,
          off + " it does not log the previous kernel's release");
      verdicts.settle(
          Part.KHO_TEST, Verdict.LOST, off + " its test module does not look for the data");
      verdicts.settle(Part.LUO, Verdict.LOST, off + " LUO is off and does not look for its state");
    } else if (!line.liveupdate().equals(Optional.of(true))) {
      verdicts.spoilIfRead(
          Part.LUO,
          Verdict.UNREACHABLE,
          "without liveupdate=on on the next command line there is no /dev/liveupdate to open");
    }
    if (kho.isEmpty()) {
      for (Part part : List.of(Part.KEXEC_METADATA, Part.LUO, Part.KHO_TEST)) {
        verdicts.doubt(
            part,
            without
                + ": KHO is then on only if the kernel was built"
                + " with CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y, and its configuration is neither"
                + " in the image nor beside it");
      }
    }
  }

  /** Notes the assumptions about a next command line that is not known. */
  void assume() {
    if (Stream.of(Part.LUO, Part.KHO_TEST).anyMatch(part -> verdicts.verdict(part).isPresent())) {
      notes.add(
          "the next command line is unknown (--cmdline): it is assumed to have kho=on and liveupdate=on");
    }
  }
}
