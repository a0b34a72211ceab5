package org.kho4j.cli.preflight;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Units;
import org.kho4j.preflight.host.DescriptorStore;
import org.kho4j.preflight.host.HostFiles;
import org.kho4j.preflight.host.HostStatus;
import org.kho4j.preflight.host.HostStatusReader;
import org.kho4j.preflight.host.LiveUpdateUse;
import org.kho4j.preflight.host.RunningRoots;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Support;

/**
 * The actual handover of the running kernel: the parts in its memory, and the files of open
 * sessions, which it writes at the jump.
 */
final class RunningHost {

  private final Invocation invocation;

  RunningHost(Invocation invocation) {
    this.invocation = invocation;
  }

  /**
   * The running kernel with what is in its memory; without, where the host does not show it. With
   * KHO off it hands nothing over, whatever it was given and could write.
   *
   * @param kernel what its files say
   */
  OutgoingKernel outgoing(OutgoingKernel kernel) throws IOException {
    if (kernel.profile().support(Part.KHO).state() == Support.State.NO) {
      return kernel;
    }
    Path root = invocation.options().root();
    HostStatus.Switch kho = HostStatusReader.kho(new HostFiles(root), RunningRoots.state(root));
    if (kho.state() == HostStatus.State.OFF && invocation.options().fdt().isEmpty()) {
      return off(kernel, "KHO is off: " + kho.because());
    }
    List<String> notes = new ArrayList<>();
    Optional<OutgoingKernel> memory = memory(notes);
    if (memory.isEmpty()) {
      notes.addAll(kernel.notes());
      return new OutgoingKernel(
          kernel.profile(), kernel.content(), kernel.commandLine(), Optional.empty(), notes);
    }
    OutgoingKernel both = memory.get().writtenBy(kernel);
    notes.addAll(both.notes());
    HandoverContent inMemory = both.content().orElseThrow();
    Set<String> parts = inMemory.parts();
    if (parts.contains(Part.LUO.name()) && mayHaveSessions(notes)) {
      parts = HandoverContent.withSessions(parts, both.profile());
    }
    HandoverContent content =
        new HandoverContent(
            parts,
            Set.of(),
            inMemory.handlers(),
            inMemory.flbs(),
            inMemory.reservations(),
            inMemory.unknownSubtrees(),
            inMemory.integrity(),
            inMemory.scratch().or(() -> kernel.content().flatMap(HandoverContent::scratch)));
    return new OutgoingKernel(
        both.profile(), Optional.of(content), kernel.commandLine(), Optional.empty(), notes);
  }

  /** Returns a kernel that hands nothing over. No file that was not read would change that. */
  private static OutgoingKernel off(OutgoingKernel kernel, String evidence) {
    Map<String, Support> parts = new HashMap<>(kernel.profile().parts());
    parts.put(Part.KHO.name(), Support.no(evidence));
    HandoverContent nothing =
        new HandoverContent(
            Set.of(Part.KHO.name()),
            Set.of(),
            Set.of(),
            Set.of(),
            List.of(),
            List.of(),
            Optional.empty(),
            Optional.empty());
    return new OutgoingKernel(
        kernel.profile().withParts(parts),
        Optional.of(nothing),
        kernel.commandLine(),
        Optional.empty(),
        List.of());
  }

  private static String unknownMemory(IOException e) {
    return "the content of the kernel's memory is unknown: " + e.getMessage();
  }

  private Optional<OutgoingKernel> memory(List<String> notes) {
    try {
      return Optional.of(new KernelSource(invocation).memory(Path.of(Invocation.RUNNING)));
    } catch (IOException e) {
      notes.add(unknownMemory(e));
    } catch (UncheckedIOException e) {
      notes.add(unknownMemory(Objects.requireNonNull(e.getCause(), "a cause")));
    }
    return Optional.empty();
  }

  /**
   * Returns whether sessions are open, or may be: which files they have, no file of the host shows.
   */
  private boolean mayHaveSessions(List<String> notes) throws IOException {
    Path root = invocation.options().root();
    if (systemdMayHandOver(root, notes)) {
      return true;
    }
    LiveUpdateUse use = LiveUpdateUse.read(root);
    if (use.sessions().isEmpty() && !use.isOfHost()) {
      notes.add(
          "/proc does not show the processes of the host (a copy of files, or a container with PIDs"
              + " of its own), so sessions may be open: every kind of file counts");
      return true;
    }
    if (use.sessions().isEmpty() && use.isComplete()) {
      notes.add("no process has a session open, so LUO hands no file over");
      return false;
    }
    return true;
  }

  /**
   * Returns whether systemd keeps descriptors, or may keep some, that it hands over at the jump.
   */
  private static boolean systemdMayHandOver(Path root, List<String> notes) throws IOException {
    if (!DescriptorStore.isSystemd(new HostFiles(root))) {
      return false;
    }
    Optional<List<DescriptorStore>> stores = DescriptorStore.read(root);
    long kept = stores.orElse(List.of()).stream().filter(DescriptorStore::isPreserved).count();
    if (stores.isPresent() && kept == 0) {
      return false;
    }
    notes.add(
        stores.isPresent()
            ? "systemd keeps descriptors of %s: it hands them over by LUO (since its version 261)"
                .formatted(Units.count(kept, "unit", "units"))
            : "systemd did not report which descriptors it stores: it may hand descriptors over by"
                + " LUO (since its version 261)");
    return true;
  }
}
