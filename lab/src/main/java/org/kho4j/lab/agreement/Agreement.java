package org.kho4j.lab.agreement;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.damage.GuestMemory;
import org.kho4j.damage.RuleCase;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.KernelVersions;
import org.kho4j.lab.guest.Run;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Finding;

/**
 * Compares what verify says about a handover with what a real kernel makes of it, handover for
 * handover.
 */
final class Agreement implements AutoCloseable {

  private static final Duration BASE_LIMIT = Duration.ofMinutes(4);
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int ATTEMPTS = 40;
  private static final int WORKERS = 2;
  private static final int PAGE = 4096;
  private static final String FDT_MAGIC = "\u00d0\r\u00fe\u00ed";

  private final Path lab;
  private final Path directory;
  private final Kernel kernel;
  private final KernelVersions versions;
  private final long seed;
  private final Base base;
  private final PhysicalMemory memory;
  private final Handover sound;
  private final Witness witness;

  /** A handover that is ready to boot. */
  private record Damaged(GuestMemory guest, String changes, List<String> findings) {}

  /** Makes a sound handover of a kernel to itself, and boots it to see what that looks like. */
  Agreement(Path lab, Path directory, Kernel kernel, long seed) throws Exception {
    this.lab = lab;
    this.directory = directory;
    this.kernel = kernel;
    this.versions = kernel.versions();
    this.seed = seed;
    try (Run run = run("base", BASE_LIMIT)) {
      this.base = Base.make(run);
    }
    this.memory =
        MemoryImages.open(
            base.snapshot().ram(), new OpenOptions(MemorySource.Kind.RAW, kernel.arch().ramBase()));
    this.sound = Handovers.find(memory).getFirst();
    List<ReserveMem> reservations = sound.client(ReserveMem.CLIENT).orElseThrow();
    try (Run run = run("sound", LIMIT)) {
      copyRam(run);
      var guest = run.resume(base.snapshot());
      guest.awaitPoint("surveyed");
      this.witness = new Witness(reservations, Witness.signs(guest));
    }
  }

  private Run run(String name, Duration limit) throws IOException {
    return new Run(lab, directory.resolve(name), kernel, limit, false, null);
  }

  private void copyRam(Run run) throws IOException {
    String from = base.snapshot().ram().toString();
    run.program("cp", List.of("cp", "--sparse=always", from, run.ram().toString()));
  }

  /** Boots trials, and adds a line to the results for each. */
  void go(List<Trial> trials, Results results) throws Exception {
    ConcurrentLinkedQueue<Trial> left = new ConcurrentLinkedQueue<>(trials);
    ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < WORKERS; i++) {
        String slot = "slot" + i;
        running.add(
            workers.submit(() -> {
              for (Trial trial = left.poll(); trial != null; trial = left.poll()) {
                boot(trial, slot, results);
              }
              return null;
            }));
      }
      for (Future<?> worker : running) {
        worker.get();
      }
    } finally {
      workers.shutdownNow();
    }
  }

  private void boot(Trial trial, String slot, Results results) throws Exception {
    Damaged damaged = damaged(trial);
    if (damaged == null) {
      return;
    }
    try (Run run = run(slot, LIMIT)) {
      copyRam(run);
      try (WritableMemory copy = WritableMemory.open(run.ram(), kernel.arch().ramBase())) {
        damaged.guest.forEachChange((address, before, after) ->
            copy.writable(address, Long.BYTES).set(StructureView.U64, 0, after));
      }
      Observed observed = witness.watch(run, run.resume(base.snapshot()));
      results.add(
          new TrialResult(
              trial, damaged.changes, damaged.findings, observed.outcome(), observed.inShort()));
    }
  }

  /**
   * The handover of a trial, or null if there is none: a change beside a rule may break another,
   * one of the version makes it a handover to another kernel than there is, a kernel lists sessions
   * and files in blocks or in arrays, and some changes are of x86-64's boot record or its lowest
   * memory.
   */
  private @Nullable Damaged damaged(Trial trial) {
    if (trial.kind() == Trial.Kind.SOUND) {
      return damaged(guest -> {}, 0);
    }
    boolean arrays = !versions.luo().fileList().has(KhoBlock.COUNT);
    if (trial.rule().startsWith(arrays ? "BLOCK-" : "ARRAY-")) {
      return null;
    }
    SplittableRandom seeds =
        new SplittableRandom(seed + Objects.hash(trial.rule(), trial.kind().name()));
    Map<String, Damaged> distinct = new LinkedHashMap<>();
    for (int i = 0; i < ATTEMPTS + trial.number() && distinct.size() < trial.number(); i++) {
      try {
        Damaged damaged = damaged(change(trial), seeds.nextLong());
        if (fits(trial, damaged)) {
          distinct.putIfAbsent(damaged.changes, damaged);
        }
      } catch (NoSuchElementException | MemoryReadException e) {
        // What is to be changed is not there.
        return null;
      }
    }
    // Some rules can be broken in fewer ways than are asked for: then the first way comes again.
    List<Damaged> ways = List.copyOf(distinct.values());
    return ways.isEmpty() ? null : ways.get((trial.number() - 1) % ways.size());
  }

  private boolean fits(Trial trial, Damaged damaged) {
    return switch (trial.kind()) {
      case SOUND -> true;
      case BESIDE -> damaged.findings.isEmpty() && isOfThisKernel(damaged.guest);
      case BROKEN -> damaged.findings.contains(trial.rule()) && isOfThisKernel(damaged.guest);
    };
  }

  /** Returns whether no part has the version of another kernel. */
  private boolean isOfThisKernel(GuestMemory guest) {
    String root = text(guest, guest.root());
    String luo = text(guest, sound.subtree(LuoSer.SUBTREE).orElseThrow().address());
    boolean tree = versions.luo().head() != LuoVersion.Head.STRUCTURE;
    boolean other =
        others(KhoVersion.ALL, versions.kho().version(), KhoVersion::compatible)
                .anyMatch(root::contains)
            || others(LuoVersion.ALL, versions.luo(), LuoVersion::compatible)
                .anyMatch(luo::contains)
            || (!tree && luo.startsWith(FDT_MAGIC));
    try {
      boolean[] handlers = {other};
      handover(guest)
          .client(LiveUpdate.CLIENT)
          .ifPresent(there ->
              there
                  .sessions()
                  .forEach(session ->
                      session
                          .files()
                          .forEach(file ->
                              handlers[0] |=
                                  others(
                                          MemfdVersion.ALL,
                                          versions.memfd(),
                                          MemfdVersion::compatible)
                                      .anyMatch((file.compatible() + "\0")::equals))));
      return !handlers[0];
    } catch (HandoverException e) {
      return !other;
    }
  }

  /** The strings of other versions, each with its NUL. */
  private static <V> Stream<String> others(List<V> all, V own, Function<V, String> compatible) {
    return all.stream()
        .map(compatible)
        .filter(string -> !string.equals(compatible.apply(own)))
        .map(string -> string + "\0");
  }

  private static String text(GuestMemory guest, long address) {
    return new String(
        guest.memory().read(address, PAGE).toArray(ValueLayout.JAVA_BYTE),
        StandardCharsets.ISO_8859_1);
  }

  private static Consumer<GuestMemory> change(Trial trial) {
    RuleCase rule =
        RuleCase.all().stream()
            .filter(one -> one.rule().equals(trial.rule()))
            .findFirst()
            .orElseThrow();
    return trial.kind() == Trial.Kind.BROKEN ? rule.broken() : rule.silent();
  }

  private Damaged damaged(Consumer<GuestMemory> change, long changeSeed) {
    SplittableRandom random = new SplittableRandom(changeSeed);
    GuestMemory guest =
        GuestMemory.atTheEntry(memory, sound, base.bootRecord().orElse(0), random::nextInt);
    change.accept(guest);
    List<String> changes = new ArrayList<>();
    guest.forEachChange(
        (address, before, after) -> changes.add("%x:%x>%x".formatted(address, before, after)));
    String shown =
        String.join(" ", changes.subList(0, Math.min(4, changes.size())))
            + (changes.size() > 4 ? " and " + (changes.size() - 4) + " more" : "");
    return new Damaged(guest, shown, findings(guest));
  }

  private List<String> findings(GuestMemory guest) {
    List<Finding> findings = new ArrayList<>();
    try {
      Verifier.verify(
          List.of(handover(guest)),
          new Verifier.Options(
              rule -> true, 20, base.bootRecord(), Optional.empty(), guest.nodes(), false),
          findings::add);
    } catch (HandoverException e) {
      findings.add(Verifier.unreadable(e));
    }
    return findings.stream().map(finding -> finding.rule().id()).distinct().sorted().toList();
  }

  private Handover handover(GuestMemory guest) {
    RootFdt root = RootSearch.at(guest.memory(), guest.root());
    return Handovers.of(guest.memory(), List.of(root), kernel.pageSize()).getFirst();
  }

  @Override
  public void close() {
    memory.close();
  }
}
