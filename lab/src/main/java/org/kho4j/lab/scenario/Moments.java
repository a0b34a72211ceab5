package org.kho4j.lab.scenario;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.root.Subtree;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import org.kho4j.lab.scenario.Files.File;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import tools.jackson.databind.JsonNode;

/** A handover at three moments: while it is prepared, at the jump, and in the next kernel. */
final class Moments {

  private static final String DEBUGFS = "/sys/kernel/debug/kho/";
  private static final long TRACE_SEED = 77;
  private static final List<File> FILES =
      List.of(
          new File("vm", 0x100, 4 << 20, 10),
          new File("vm", 0x101, 5000, 11),
          new File("vm", 0xffff_ffff_ffffL, 3 << 20, 12, 3, 0),
          new File("config", 1, 64, 13, 1, 0xf),
          new File("config", 2, 0, 14));

  private final Run run;
  private final Guest guest;
  private final Files files;

  private Moments(Run run, Guest guest, Files files) {
    this.run = run;
    this.guest = guest;
    this.files = files;
  }

  static void run(Run run) throws Exception {
    Files files = new Files(run, FILES);
    Script first = new Script();
    for (String blob : List.of("kho_test", "memblock", "kexec-metadata")) {
      first.line("dump %sout/sub_fdts/%s", DEBUGFS, blob);
    }
    first.line("dump %sout/fdt", DEBUGFS).line("await prepared");
    files.preserve(first);
    Script second = files.retrieve(new Script());
    second.line("dump %sin/fdt", DEBUGFS);
    second.line("dump %sout/sub_fdts/memblock", DEBUGFS);
    second.line("await restored");
    String parameters = "test_kho.max_mem=%d reserve_mem=1M:65536:trace".formatted(testBytes(run));
    Guest guest =
        run.boot(
            Machine.small(run.kernel()),
            new Stage(run.kernel(), parameters, first),
            new Stage(run.kernel(), parameters, second));
    new Moments(run, guest, files).go();
  }

  /**
   * Returns the bytes that the kernel's own test fills with random data, which make a capture
   * large.
   */
  private static long testBytes(Run run) {
    return run.repeat() == 1 ? 1 << 20 : 4L * run.kernel().pageSize().bytes();
  }

  private void go() throws Exception {
    String release = guest.await("lab: release (.*)").group(1);
    guest.awaitPoint("prepared");
    ReserveMem trace = firstKernel(release);
    guest.proceed();
    guest.stopAtJump();
    atTheJump(release, trace);
    guest.leaveJump();
    guest.awaitPoint("restored");
    nextKernel(release, trace);
    guest.proceed();
    guest.awaitEnd();
  }

  /** The guest runs on while its memory is read. */
  private ReserveMem firstKernel(String release) throws Exception {
    PhysicalMemory memory = guest.memory();
    Handover handover = HandedOver.only(memory);
    run.same("the role", Role.OUTGOING, handover.role());
    run.same("the page size", run.kernel().pageSize(), handover.pageSize());
    sameBytes("out/fdt", memory, handover.root().address());
    for (String name : List.of("kho_test", "memblock", "kexec-metadata")) {
      Subtree subtree = handover.subtree(name).orElseThrow();
      long bytes = sameBytes("out/sub_fdts/" + name, memory, subtree.address());
      run.same("the size of " + name, bytes, subtree.size());
    }
    Metadata metadata = handover.client(Metadata.CLIENT).orElseThrow();
    run.same("kexec-metadata", new Metadata(1, release, 1), metadata);
    KhoTest.Data data = handover.client(KhoTest.CLIENT).orElseThrow().data();
    run.check(data.checksumMatches(), "the checksum of kho_test's data does not match");
    run.same("the bytes of kho_test's data", testBytes(run), data.bytes());
    LiveUpdate luo = handover.client(LiveUpdate.CLIENT).orElseThrow();
    luo.sessions().forEach(session -> run.check(false, "%s is there too early", session.where()));
    ReserveMem trace = trace(handover);
    run.same("the size of the reservation", 1L << 20, trace.size());
    live(handover, release);

    try (WritableMemory ram =
        WritableMemory.open(run.directory().resolve(Guest.RAM), run.kernel().arch().ramBase())) {
      WordPattern.of(run).fill(ram.writable(trace.start(), trace.size()), run.told(TRACE_SEED));
    }
    return trace;
  }

  /** The command says the same as the library. */
  private void live(Handover handover, String release) throws Exception {
    JsonNode json = KhoCommand.inspect(run);
    run.same("the number of handovers in JSON", 1, json.get("handovers").size());
    JsonNode found = json.get("handovers").get(0);
    run.same(
        "fdt in JSON", "0x%x".formatted(handover.root().address()), found.get("fdt").asString());
    run.same(
        "compatible in JSON", handover.version().toString(), found.get("compatible").asString());
    for (JsonNode subtree : found.get("subtrees")) {
      if (subtree.has("metadata")) {
        run.same(
            "the release in JSON",
            release,
            subtree.get("metadata").get("previousRelease").asString());
      }
      if (subtree.has("khoTest")) {
        run.same(
            "the checksum in JSON", "match", subtree.get("khoTest").get("checksum").asString());
      }
    }
  }

  private void atTheJump(String release, ReserveMem trace) throws Exception {
    Handover handover = HandedOver.only(guest.memory());
    files.verify(handover);
    LiveUpdate luo = handover.client(LiveUpdate.CLIENT).orElseThrow();
    run.same("the number of the live update", 1L, luo.number());
    long registered = guest.console().all("Registered 3 FLBs").count() * 3;
    run.same("the number of FLBs", registered, (long) luo.flbs().size());
    Metadata metadata = handover.client(Metadata.CLIENT).orElseThrow();
    run.same("kexec-metadata", new Metadata(1, release, 1), metadata);
    run.check(
        handover.client(KhoTest.CLIENT).orElseThrow().data().checksumMatches(),
        "the checksum of kho_test's data does not match");
    run.same("the reservation", trace, trace(handover));
    HandedOver.sameContent(run, handover, trace, TRACE_SEED);
  }

  private void nextKernel(String release, ReserveMem trace) throws Exception {
    for (String said :
        List.of(
            "KHO: found kexec handover data",
            "KHO: exec from: %s \\(count 1\\)".formatted(java.util.regex.Pattern.quote(release)),
            "test_kho: KHO restore succeeded",
            "Revived memory reservation 'trace' from KHO",
            "lab: retrieved")) {
      run.check(guest.console().first(said) != null, "the next kernel did not say \"%s\"", said);
    }
    List<Handover> handovers = Handovers.find(guest.memory());
    run.same("the number of handovers", 2, handovers.size());
    Handover incoming = HandedOver.withRole(run, handovers, Role.INCOMING);
    Handover outgoing = HandedOver.withRole(run, handovers, Role.OUTGOING);
    sameBytes("in/fdt", incoming.memory().physical(), incoming.root().address());
    run.same(
        "kexec-metadata of what is prepared",
        new Metadata(1, release, 2),
        outgoing.client(Metadata.CLIENT).orElseThrow());
    run.same("the reservation", trace, trace(outgoing));
    HandedOver.sameContent(run, outgoing, trace, TRACE_SEED);
  }

  private static ReserveMem trace(Handover handover) {
    return handover.client(ReserveMem.CLIENT).orElseThrow().getFirst();
  }

  /** Compares with what the kernel shows in debugfs; how many bytes that were. */
  private long sameBytes(String file, PhysicalMemory memory, long address) {
    byte[] kernels = Objects.requireNonNull(guest.dumped(DEBUGFS + file), file);
    byte[] ours = memory.read(address, kernels.length).toArray(ValueLayout.JAVA_BYTE);
    run.check(Arrays.equals(kernels, ours), "%s differs from what the kernel shows", file);
    return kernels.length;
  }
}
