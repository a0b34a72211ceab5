package org.kho4j.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.handover.Handover;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Severity;
import org.kho4j.verify.scratch.ScratchRules;
import org.kho4j.verify.state.Findings;

/**
 * The scratch regions of the kernel that hands over. The kernel allocates only movable pages in
 * them, and kexec puts every piece of the next kernel there.
 *
 * @param regions in the kernel's order, which is the order in which kexec tries them
 * @param memory bytes of RAM in all, where the regions are RAM
 * @param record address of the boot record that leads to the regions, where it was found in memory
 */
public record Scratch(List<AddressRange> regions, OptionalLong memory, OptionalLong record) {

  public Scratch {
    regions = List.copyOf(regions);
  }

  /**
   * Returns the regions of a handover: from the options, otherwise from the boot record in memory;
   * empty if neither has them.
   */
  public static Optional<Scratch> of(Handover handover, Verifier.Options options) {
    List<AddressRange> regions = regions(handover, options, Findings.none());
    if (regions.isEmpty()) {
      return Optional.empty();
    }
    HandoverMemory memory = handover.memory();
    boolean whole =
        regions.stream()
            .allMatch(region -> memory.physical().isRam(region.address(), region.length()));
    Optional<BootRecord> found =
        options.setupData().isPresent() || options.scratchArray().isPresent()
            ? Optional.empty()
            : handover.root().bootRecord();
    return Optional.of(
        new Scratch(
            regions,
            whole ? OptionalLong.of(memory.ramBytes()) : OptionalLong.empty(),
            found.map(record -> OptionalLong.of(record.address())).orElse(OptionalLong.empty())));
  }

  /**
   * Returns the first error because of which a handover's regions cannot be read; empty if they can
   * be read, or kexec has not copied their array yet.
   */
  public static Optional<Finding> problem(Handover handover, Verifier.Options options) {
    List<Finding> errors = new ArrayList<>();
    Findings findings =
        new Findings(errors::add, rule -> rule.severity() == Severity.ERROR, Integer.MAX_VALUE);
    List<AddressRange> regions = regions(handover, options, findings);
    return regions.isEmpty() ? errors.stream().findFirst() : Optional.empty();
  }

  private static List<AddressRange> regions(
      Handover handover, Verifier.Options options, Findings findings) {
    return ScratchRules.regions(handover, options.setupData(), options.scratchArray(), findings);
  }

  /** Returns the bytes of all regions. */
  public long bytes() {
    return regions.stream().mapToLong(AddressRange::length).sum();
  }
}
