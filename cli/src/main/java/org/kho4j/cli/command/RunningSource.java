package org.kho4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.kho4j.cli.output.Progress;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.running.RunningMemory;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.host.HostFiles;
import org.kho4j.preflight.host.HostStatus;
import org.kho4j.preflight.host.HostStatusReader;
import org.kho4j.preflight.host.RunningRoots;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.OwnerVisitor;

/**
 * The source {@code running}: the memory of this host, where the kernel itself says where its root
 * FDTs are.
 */
final class RunningSource {

  private static final Path NAME = Path.of(Invocation.RUNNING);
  private static final Path KCORE = Path.of("/proc/kcore");

  /** How often a handover is read that changes meanwhile. */
  private static final int ATTEMPTS = 3;

  private final Invocation invocation;
  private final HostFiles files;
  private final RunningMemory memory;
  private Optional<AddressRange> scratchArray = Optional.empty();

  private RunningSource(Invocation invocation, RunningMemory memory) {
    this.invocation = invocation;
    this.files = new HostFiles(invocation.options().root());
    this.memory = memory;
  }

  /** Returns whether a SOURCE is the running host; a file of that name is {@code ./running}. */
  static boolean isNamedBy(Path source) {
    return source.equals(NAME);
  }

  /** Why {@code /proc/kcore} is refused as a SOURCE; empty for any other path. */
  static Optional<String> misnamed(Path source) {
    return source.equals(KCORE)
        ? Optional.of("/proc/kcore is the memory of this host; give running instead")
        : Optional.empty();
  }

  /**
   * Opens the memory of the host.
   *
   * @throws IOException if the host does not show it, with the reason
   */
  static RunningSource open(Invocation invocation) throws IOException {
    try {
      return new RunningSource(invocation, RunningMemory.open(invocation.options().root()));
    } catch (IOException e) {
      throw new IOException(
          e.getMessage() + "; kho status shows what this host reports without its memory", e);
    }
  }

  RunningMemory memory() {
    return memory;
  }

  /** Returns the place of the kernel's array of scratch regions, after {@link #roots}. */
  Optional<AddressRange> scratchArray() {
    return scratchArray;
  }

  /**
   * Finds the root FDTs, and reads what the kernel prepares until it stays the same for as long as
   * that takes: what is shown then is the state of one moment.
   *
   * @throws IOException if there is no handover
   */
  RootSearch roots() throws IOException {
    RunningRoots found = RunningRoots.find(files, memory);
    scratchArray = found.scratchArray();
    List<RootFdt> roots = new ArrayList<>();
    List<HandoverException> rejected = new ArrayList<>();
    OptionalLong given = invocation.options().fdt();
    OptionalLong outgoing = given.isPresent() ? given : found.outgoing();
    HostStatus.State kho = HostStatusReader.kho(files, found.state()).state();
    if (kho == HostStatus.State.OFF && given.isEmpty()) {
      throw new IOException(off(found.incoming()));
    }
    if (outgoing.isEmpty()) {
      requireTraces(kho, found.incoming().isPresent());
      RootSearch search = search();
      roots.addAll(search.roots());
      rejected.addAll(search.rejected());
    }
    LongStream.concat(found.incoming().stream(), outgoing.stream())
        .distinct()
        .filter(address -> roots.stream().noneMatch(root -> root.address() == address))
        .forEach(address -> {
          try {
            roots.add(RootSearch.at(memory, address));
          } catch (HandoverException e) {
            rejected.add(e);
          }
        });
    if (roots.isEmpty() && rejected.isEmpty()) {
      throw new IOException(
          "running: no handover: no page of this host is a device tree with a version of KHO");
    }
    settle(
        roots.stream()
            .filter(root -> root.address() != found.incoming().orElse(0))
            .mapToLong(RootFdt::address)
            .toArray());
    return new RootSearch(roots, rejected);
  }

  private static String off(OptionalLong incoming) {
    String sentence = "running: KHO is off in this kernel: boot it with kho=on to hand memory over";
    return incoming.isEmpty()
        ? sentence
        : sentence
            + "; the kernel was given a handover, and does not keep its pages: --fdt %s shows what is left of it"
                .formatted(Units.address(incoming.getAsLong()));
  }

  /** A search takes a while on a large host: something has to speak for KHO. */
  private void requireTraces(HostStatus.State kho, boolean given) throws IOException {
    if (kho == HostStatus.State.MISSING) {
      throw new IOException(
          "running: this kernel has no KHO: it was built without CONFIG_KEXEC_HANDOVER, or is older than 6.16");
    }
    boolean traces =
        kho == HostStatus.State.ON
            || given
            || CommandLine.of(files).flatMap(CommandLine::kho).orElse(false);
    if (!traces) {
      throw new IOException(
          "running: nothing shows that KHO is on: no kho=on on the kernel's command line, no LUO, nothing in debugfs"
              + " (is it mounted?), and /proc/kallsyms does not list the kernel's data");
    }
  }

  private RootSearch search() {
    invocation.note(
        "the kernel does not show the address of its outgoing root FDT (/proc/kallsyms has no"
            + " address of kho_out, or kho_out points to none, as up to 6.18): all memory is"
            + " searched");
    AtomicLong searched = new AtomicLong();
    try (Progress progress = invocation.progress("searching", memory.source().bytes())) {
      return RootSearch.search(
          memory.unwatched(), bytes -> progress.done(searched.addAndGet(bytes)));
    }
  }

  /** Reads the handovers of roots until nothing of them has changed meanwhile. */
  private void settle(long[] roots) {
    if (roots.length == 0) {
      return;
    }
    List<Long> changed = List.of();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      memory.forget();
      walk(roots);
      changed = memory.changed();
      if (changed.isEmpty()) {
        break;
      }
    }
    if (!changed.isEmpty()) {
      invocation.note(
          ("the handover changed while it was read, %s, first at %s: the output may mix two states,"
                  + " which may cause errors")
              .formatted(
                  Units.count(ATTEMPTS, "time", "times"), Units.address(changed.getFirst())));
    }
    if (memory.unwatchedBytes() > 0) {
      invocation.note(
          "%s of structures were read once, and may have changed meanwhile"
              .formatted(Units.size(memory.unwatchedBytes())));
    }
  }

  private void walk(long[] addresses) {
    try {
      List<RootFdt> roots =
          LongStream.of(addresses).mapToObj(address -> RootSearch.at(memory, address)).toList();
      GlobalOptions options = invocation.options();
      for (Handover handover :
          Handovers.of(memory, roots, options.pageSize().orElse(null), options.mapForm())) {
        Verifier.verify(handover, Verifier.Options.ALL, finding -> {}, OwnerVisitor.NONE);
      }
    } catch (HandoverException e) {
      // The command reads it again, and reports it.
    }
  }
}
