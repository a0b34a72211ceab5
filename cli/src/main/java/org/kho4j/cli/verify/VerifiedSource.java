package org.kho4j.cli.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Progress;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Checked;
import org.kho4j.verify.Finding;
import org.kho4j.verify.OwnerVisitor;
import org.kho4j.verify.Verifier;

/**
 * What there is to verify in a source.
 *
 * @param candidates its handovers, or the one that the user named
 * @param unreadable a finding for each page that looks like a root FDT and cannot be read as one
 */
public record VerifiedSource(List<Candidate> candidates, List<Finding> unreadable) {

  /** A handover. */
  public record Candidate(Handover handover) {

    /** Whether a kernel has taken it. */
    public boolean consumed() {
      return handover.taken().isPresent();
    }

    /** Checks it, and tells who owns what. */
    public Checked verify(
        Verifier.Options options, Consumer<Finding> findings, OwnerVisitor owners) {
      return Verifier.verify(handover, consumed(), options, findings, owners);
    }
  }

  public VerifiedSource {
    candidates = List.copyOf(candidates);
    unreadable = List.copyOf(unreadable);
  }

  /** Finds them, with the options that every command has. */
  public static VerifiedSource of(Invocation invocation, PhysicalMemory memory) {
    List<Finding> unreadable = new ArrayList<>();
    RootSearch search = search(invocation, memory);
    OptionalLong fdt = invocation.options().fdt();
    List<RootFdt> roots = new ArrayList<>(search.roots());
    for (HandoverException rejected : search.rejected()) {
      if (fdt.isEmpty() || rejected.address() == fdt.getAsLong()) {
        unreadable.add(Verifier.unreadable(rejected));
      }
    }
    if (fdt.isPresent() && roots.stream().noneMatch(root -> root.address() == fdt.getAsLong())) {
      try {
        roots.add(RootSearch.at(memory, fdt.getAsLong()));
      } catch (HandoverException e) {
        if (!isTree(memory, fdt.getAsLong())) {
          throw e;
        }
        unreadable.clear();
        unreadable.add(Verifier.unreadable(e));
      }
    }
    List<Handover> all = HandoverSearch.handovers(invocation, memory, roots);
    if (fdt.isEmpty()) {
      all = HandoverSearch.outer(invocation, all);
    }
    List<Candidate> candidates =
        all.stream()
            .filter(one -> fdt.isEmpty() || one.root().address() == fdt.getAsLong())
            .map(Candidate::new)
            .toList();
    return new VerifiedSource(candidates, unreadable);
  }

  /** Also where the root FDT is known: which handover was taken shows only beside the others. */
  private static RootSearch search(Invocation invocation, PhysicalMemory memory) {
    AtomicLong searched = new AtomicLong();
    try (Progress progress = invocation.progress("searching", memory.source().bytes())) {
      return RootSearch.search(memory, bytes -> progress.done(searched.addAndGet(bytes)));
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
