package org.kho4j.lab.scenario;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import org.kho4j.lab.scenario.Files.File;
import org.kho4j.memory.PhysicalMemory;
import tools.jackson.databind.JsonNode;

/** From Linux to Java: what a kernel hands over, read at the jump, and restored by the next. */
public final class HandedOver {

  private HandedOver() {}

  static void manySessions(Run run) throws Exception {
    long most = run.kernel().versions().maxSessions(run.kernel().pageSize());
    many(run, Math.min(2000, most), 1, 1000);
  }

  static void manyFiles(Run run) throws Exception {
    long most = run.kernel().versions().maxFiles(run.kernel().pageSize());
    many(run, 1, Math.min(1000, most), 2000);
  }

  /** Sessions of so many files each, of a page, as one line of the script makes them. */
  private static void many(Run run, long sessions, long filesEach, long seed) throws Exception {
    long page = run.kernel().pageSize().bytes();
    List<File> files = new ArrayList<>();
    for (int session = 0; session < sessions; session++) {
      for (int file = 0; file < filesEach; file++) {
        files.add(new File("s%05d".formatted(session), file, page, seed + files.size()));
      }
    }
    Script first = new Script();
    first.line("sessions %d %d %d %d", sessions, filesEach, page, run.told(seed));
    Script second = new Script();
    second.line("checks %d %d %d %d", sessions, filesEach, page, run.told(seed));
    handOver(
        run, new Files(run, files), Machine.small(run.kernel()), "", first, second, handover -> {});
  }

  static void largeMemfd(Run run) throws Exception {
    File large = new File("large", 1, 516L << 20, 3000, 16, 0);
    Machine machine = Machine.small(run.kernel()).withMemory(1536);
    handOver(
        run,
        List.of(large),
        machine,
        "",
        handover -> {
          int[] chunks = new int[1];
          forEachMemfd(
              handover,
              memfd -> chunks[0] += memfd.foliosInfo().forEachRun((order, address, bytes) -> {}));
          run.same("the number of chunks", 2, chunks[0]);
        });
  }

  static void hugeFolios(Run run) throws Exception {
    List<File> files =
        List.of(new File("huge", 1, 64 << 20, 4000), new File("huge", 2, 66L << 20, 4001, 3, 0));
    int order = run.kernel().pageSize().shift() - 3;
    handOver(
        run,
        files,
        Machine.small(run.kernel()).withMemory(1024),
        "transparent_hugepage_shmem=always",
        handover -> {
          long[] huge = new long[1];
          forEachMemfd(
              handover,
              memfd ->
                  memfd
                      .orders(handover.preservedMap())
                      .forEach((found, bytes, blocks) -> huge[0] += found == order ? blocks : 0));
          run.check(huge[0] > 0, "no folio is of order %d", order);
        });
  }

  static void twoNodes(Run run) throws Exception {
    List<File> files = List.of(new File("node", 1, 8 << 20, 5000), new File("other", 2, 100, 5001));
    Files expected = new Files(run, files);
    Script first = expected.preserve(new Script());
    first.line("dump /sys/kernel/debug/kho/out/scratch_len");
    Script second = expected.retrieve(new Script());
    Guest guest =
        run.boot(
            new Machine(1024L << 20, 2),
            new Stage(run.kernel(), "", first),
            new Stage(run.kernel(), "", second));
    guest.stopAtJump();
    String scratch =
        new String(
            Objects.requireNonNull(guest.dumped("/sys/kernel/debug/kho/out/scratch_len")),
            StandardCharsets.US_ASCII);
    run.same("the number of scratch regions", 4L, scratch.lines().count());
    try (PhysicalMemory core = guest.dump("elf")) {
      expected.verify(only(core));
    }
    try (PhysicalMemory kdump = guest.dump("kdump-zlib")) {
      expected.verify(only(kdump));
    }
    guest.leaveJump();
    guest.await("lab: retrieved");
    guest.awaitEnd();
  }

  /** The highest address below which an x86-64 machine of QEMU has RAM without a hole. */
  private static final long HOLE_END = 4L << 30;

  static void aboveTheHole(Run run) throws Exception {
    List<File> files =
        List.of(new File("high", 1, 8 << 20, 6000), new File("other", 2, 1000, 6001));
    Files expected = new Files(run, files);
    Script first = expected.preserve(new Script());
    first.line("await preserved");
    Script second = expected.retrieve(new Script());
    Guest guest =
        run.boot(
            Machine.small(run.kernel()).withMemory(5120),
            new Stage(run.kernel(), "test_kho.max_mem=65536", first),
            new Stage(run.kernel(), "", second));
    guest.awaitPoint("preserved");
    Path layout = guest.layout();
    run.fact("layout", java.nio.file.Files.readString(layout));
    String fdt = "0x%x".formatted(only(guest.memory()).root().address());
    JsonNode live = KhoCommand.inspect(run, layout).get("handovers");
    run.same("the number of handovers in JSON", 1, live.size());
    run.same("fdt in JSON", fdt, live.get(0).get("fdt").asString());
    guest.proceed();
    guest.stopAtJump();
    Handover handover = only(guest.memory());
    expected.verify(handover);
    if (run.kernel().arch() == Arch.X86_64) {
      requireFolioAbove(run, handover, HOLE_END);
    }
    guest.leaveJump();
    guest.await("lab: retrieved");
    guest.awaitEnd();
  }

  /** x86-64 takes memory below 4 GiB last, which devices may need. */
  private static void requireFolioAbove(Run run, Handover handover, long lowest) {
    long[] above = new long[1];
    forEachMemfd(
        handover,
        memfd ->
            memfd.forEachFolio((address, index, flags) -> above[0] += address >= lowest ? 1 : 0));
    run.check(above[0] > 0, "no folio is at 0x%x or above", lowest);
  }

  private static void handOver(
      Run run, List<File> files, Machine machine, String parameters, Consumer<Handover> more)
      throws Exception {
    Files expected = new Files(run, files);
    Script first = expected.preserve(new Script());
    Script second = expected.retrieve(new Script());
    handOver(run, expected, machine, parameters, first, second, more);
  }

  /** Boots, preserves, reads at the jump, and lets the next kernel check the same. */
  private static void handOver(
      Run run,
      Files expected,
      Machine machine,
      String parameters,
      Script first,
      Script second,
      Consumer<Handover> more)
      throws Exception {
    // The kernel's own test would add megabytes of random bytes.
    String all = "test_kho.max_mem=%d %s".formatted(run.kernel().pageSize().bytes(), parameters);
    Guest guest =
        run.boot(
            machine, new Stage(run.kernel(), all, first), new Stage(run.kernel(), all, second));
    guest.stopAtJump();
    Handover handover = only(guest.memory());
    expected.verify(handover);
    more.accept(handover);
    guest.leaveJump();
    guest.await("KHO: found kexec handover data");
    guest.awaitEnd();
  }

  /** The handover of a kernel that was not handed anything itself. */
  public static Handover only(PhysicalMemory memory) {
    List<Handover> handovers = Handovers.find(memory);
    if (handovers.size() != 1) {
      throw new LabFailure("%d handovers were found, not 1".formatted(handovers.size()));
    }
    return handovers.getFirst();
  }

  /** The only one of several handovers that has a role. */
  static Handover withRole(Run run, List<Handover> handovers, Role role) {
    List<Handover> found = handovers.stream().filter(handover -> handover.role() == role).toList();
    run.same("the number of handovers that are " + role.label(), 1, found.size());
    return found.getFirst();
  }

  /** Checks that the memory of a reservation has a seed's words. */
  static void sameContent(Run run, Handover handover, ReserveMem reservation, long seed) {
    PhysicalMemory memory = handover.memory().physical();
    long mismatch =
        WordPattern.of(run).mismatch(memory.read(reservation.start(), reservation.size()), seed, 0);
    run.check(mismatch < 0, "the reservation has other content from byte %d on", mismatch);
  }

  private static void forEachMemfd(Handover handover, Consumer<Memfd> visitor) {
    handover
        .client(LiveUpdate.CLIENT)
        .orElseThrow()
        .sessions()
        .forEach(session ->
            session.files().forEach(file -> visitor.accept(file.as(Memfd.HANDLER).orElseThrow())));
  }
}
