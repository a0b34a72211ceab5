package org.kho4j.cli.verify;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Units;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.OwnerVisitor;

/**
 * The handovers and unreadable pages of a source, for verification.
 *
 * @param candidates its handovers, or the one that the user named
 * @param unreadable a finding for each page that looks like a root FDT and cannot be read as one
 * @param nested root FDTs in the content of memfds, with the paths of these
 */
public record VerifiedSource(
    List<Candidate> candidates, List<Finding> unreadable, Map<RootFdt, String> nested) {

  /** A handover. */
  public record Candidate(Handover handover) {

    /** Returns whether a kernel has taken it. */
    public boolean consumed() {
      return handover.taken().isPresent();
    }

    /** Checks the handover, and reports the owners of its memory. */
    public Checked verify(
        Verifier.Options options, Consumer<Finding> findings, OwnerVisitor owners) {
      return Verifier.verify(handover, options, findings, owners);
    }
  }

  public VerifiedSource {
    candidates = List.copyOf(candidates);
    unreadable = List.copyOf(unreadable);
    nested = Collections.unmodifiableMap(new LinkedHashMap<>(nested));
  }

  /** Finds them, with the options that every command has, and {@code --role}. */
  public static VerifiedSource of(Invocation invocation, PhysicalMemory memory) throws IOException {
    OptionalLong fdt = invocation.options().fdt();
    try {
      HandoverSearch search =
          HandoverSearch.withBootRecords(invocation, memory).ofWantedRole(invocation);
      // A tree whose page a dump left out in part breaks no rule.
      search.rejected().stream()
          .filter(HandoverException::isAbsent)
          .forEach(root ->
              invocation.note(
                  "a root FDT is not completely in the dump: " + Units.printable(root)));
      return new VerifiedSource(
          search.handovers().stream().map(Candidate::new).toList(),
          search.rejected().stream()
              .filter(root -> !root.isAbsent())
              .map(Verifier::unreadable)
              .toList(),
          search.nested());
    } catch (HandoverException e) {
      if (fdt.isEmpty() || !isTree(memory, fdt.getAsLong())) {
        throw e;
      }
      return new VerifiedSource(List.of(), List.of(Verifier.unreadable(e)), Map.of());
    }
  }

  private static boolean isTree(PhysicalMemory memory, long address) {
    try {
      return Fdt.isMagic(memory.read(address, Fdt.HEADER_SIZE));
    } catch (MemoryReadException | IllegalArgumentException e) {
      return false;
    }
  }
}
