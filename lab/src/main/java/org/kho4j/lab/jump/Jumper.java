package org.kho4j.lab.jump;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import org.kho4j.lab.scenario.WordPattern;
import org.kho4j.memory.WritableMemory;

/** Does one jump for real, and tells what became of what was handed over. */
final class Jumper {

  private static final long SEED = 900;
  private static final WordPattern PATTERN = new WordPattern(1);
  private static final String NEXT = "lab: await jump";
  private static final long PATIENCE = TimeUnit.SECONDS.toMillis(90);

  private final Run run;
  private final Jump jump;
  private final Kernel next;

  Jumper(Run run, Jump jump, Kernel next) {
    this.run = run;
    this.jump = jump;
    this.next = next;
  }

  /** Runs the jump; returns kho preflight's verdict and the observed result. */
  JumpResult go() throws Exception {
    Kernel first = run.kernel();
    Machine machine =
        Machine.small(first.pageSize().bytes() > next.pageSize().bytes() ? first : next);
    Use use = jump.use();
    String firstLine =
        "test_kho.max_mem=1048576 %s %s".formatted(use.reservation, earlyConsole(first));
    String nextLine = "%s %s".formatted(use.nextReservation, earlyConsole(next)).strip();
    Guest guest =
        run.boot(
            machine,
            new Stage(first, use.switches, firstLine, preserve(), Map.of()),
            new Stage(next, use.nextSwitches, nextLine, retrieve(), Map.of()));
    guest.stopAtJump();
    ReserveMem trace = fillReservation();
    List<String> cmdline = List.of("--cmdline", use.nextLine());
    PreflightVerdict images = PreflightVerdict.ask(run, first.image(), next.image(), cmdline);
    if (images == null) {
      throw new LabFailure("kho preflight cannot read the kernels: " + run.directory());
    }
    List<String> options = new ArrayList<>(cmdline);
    options.addAll(List.of("--base", "0x%x".formatted(first.arch().ramBase())));
    options.addAll(List.of("--from-kernel", first.image().toString()));
    Path ram = run.directory().resolve(Guest.RAM);
    PreflightVerdict capture = PreflightVerdict.ask(run, ram, next.image(), options);
    guest.leaveJump();
    guest.console().awaitAny("lab: end$|lab: FAILED|Kernel panic", PATIENCE);
    List<String> said = guest.console().lines();
    guest.close();
    int at = 0;
    while (at < said.size() && !said.get(at).contains(NEXT)) {
      at++;
    }
    Observation observed =
        Observation.of(use, said.subList(0, at), said.subList(at, said.size()), isKept(trace));
    return new JumpResult(jump, images, capture, observed);
  }

  private static String earlyConsole(Kernel kernel) {
    return "earlycon=" + kernel.arch().earlyConsole();
  }

  private Script preserve() {
    Script script = new Script().line("survey");
    script.line("dump /sys/kernel/debug/kho/out/sub_fdts/kho_test");
    if (jump.use().sessions) {
      for (String session : List.of("vm", "config")) {
        script.line("session %s", session);
        if (jump.use().files) {
          script.line("memfd 1 3145728 %d 1 0", SEED).line("memfd 2 5000 %d 1 0", SEED + 1);
        }
      }
    }
    return script;
  }

  private Script retrieve() {
    Script script = new Script().line("survey");
    if (jump.use().sessions) {
      for (String session : List.of("vm", "config")) {
        script.line("retrieve %s", session);
        if (jump.use().files) {
          script.line("check 1 3145728 %d 1 0", SEED).line("check 2 5000 %d 1 0", SEED + 1);
        }
        script.line("finish");
      }
    }
    return script;
  }

  private @Nullable ReserveMem fillReservation() throws IOException {
    try (WritableMemory ram = ram()) {
      ReserveMem reservation =
          Handovers.find(ram).stream()
              .limit(1)
              .flatMap(handover -> handover.client(ReserveMem.CLIENT).stream())
              .flatMap(List::stream)
              .findFirst()
              .orElse(null);
      if (reservation != null) {
        PATTERN.fill(ram.writable(reservation.start(), reservation.size()), SEED);
      }
      return reservation;
    } catch (HandoverException e) {
      // A kernel of another version: what kho4j cannot read it cannot fill either.
      return null;
    }
  }

  private boolean isKept(@Nullable ReserveMem trace) throws IOException {
    if (trace == null) {
      return true;
    }
    try (WritableMemory ram = ram()) {
      return PATTERN.mismatch(ram.writable(trace.start(), trace.size()), SEED, 0) < 0;
    }
  }

  private WritableMemory ram() throws IOException {
    return WritableMemory.open(run.directory().resolve(Guest.RAM), run.kernel().arch().ramBase());
  }
}
