package org.kho4j.verify;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.kho4j.abi.KhoVersion;
import org.kho4j.handover.Handover;
import org.kho4j.handover.PageSizeEvidence;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.map.MapRules;
import org.kho4j.verify.map.NumaNodes;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.OwnerVisitor;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scratch.ScratchContentRules;
import org.kho4j.verify.scratch.ScratchRules;
import org.kho4j.verify.state.AbsentPages;
import org.kho4j.verify.state.Claims;
import org.kho4j.verify.state.Findings;
import org.kho4j.verify.state.PageSpace;
import org.kho4j.verify.state.Preserved;
import org.kho4j.verify.unclaimed.OwnerRules;
import org.kho4j.verify.unclaimed.Unclaimed;

/**
 * Checks a handover against every rule. Findings are passed on as they are found. Takes a few bits
 * of off-heap memory for each page of the source, however many structures there are.
 */
public final class Verifier {

  /**
   * The options of a verification.
   *
   * @param rules whose findings are reported; the other rules are checked all the same
   * @param perRule most findings of one rule and handover that are reported; the others are counted
   * @param setupData physical address of x86-64's boot record, if it is known
   * @param scratchArray address and size of the scratch array, if they are known
   * @param nodes addresses at which another NUMA node begins; empty to look into the machine's ACPI
   *     tables
   * @param running whether the writer still runs: LUO writes the data of its sessions on the way
   *     into the kexec, so preserved memory without an owner is not checked
   */
  public record Options(
      Predicate<Rule> rules,
      int perRule,
      OptionalLong setupData,
      Optional<AddressRange> scratchArray,
      List<Long> nodes,
      boolean running) {

    public Options {
      nodes = List.copyOf(nodes);
    }

    /** Every rule, the first 20 findings of each, and unknown scratch regions. */
    public static final Options ALL =
        new Options(rule -> true, 20, OptionalLong.empty(), Optional.empty(), List.of(), false);
  }

  /** Groups of rules that depend on the page size. */
  private static final Set<String> OF_PAGE_SIZE =
      Set.of(
          "ARRAY", "BLOCK", "FLB", "LUO", "MEMBLOCK", "MEMFD", "OWN", "SCRATCH", "TEST", "VMALLOC");

  private static final Set<String> OF_MAP = Set.of("MAP");

  private Verifier() {}

  /**
   * Checks all handovers of one memory together: which of two was consumed shows only beside the
   * other.
   */
  public static Checked verify(
      List<Handover> handovers, Options options, Consumer<Finding> consumer) {
    Checked checked = Checked.NOTHING;
    for (Handover handover : handovers) {
      checked = checked.plus(verify(handover, options, consumer));
    }
    return checked;
  }

  /**
   * Checks one handover. Nothing is checked in a handover that {@linkplain Handover#taken() a
   * kernel has taken}: its structures are rightly gone.
   */
  public static Checked verify(Handover handover, Options options, Consumer<Finding> consumer) {
    return verify(handover, options, consumer, OwnerVisitor.NONE);
  }

  /**
   * Checks one handover, and reports its owners and their memory.
   *
   * @param owners visited with every claim, on one thread; with none if the handover was taken
   */
  public static Checked verify(
      Handover handover, Options options, Consumer<Finding> consumer, OwnerVisitor owners) {
    Findings findings = new Findings(consumer, options.rules, options.perRule);
    findings.count("handovers", handover.taken().isPresent() ? 0 : 1);
    if (handover.taken().isPresent()) {
      findings.report(
          FdtRules.CONSUMED,
          Where.ROOT,
          handover.root().address(),
          "a kernel has consumed this handover: %s",
          handover.taken().get());
      findings.notChecked("the incoming handover at 0x%x".formatted(handover.root().address()));
      return findings.checked();
    }
    try (Arena arena = Arena.ofShared()) {
      new Run(handover, options, findings, owners, arena).all();
    }
    return findings.checked();
  }

  /** Returns the finding for a page that looks like a root FDT and cannot be read as one. */
  public static Finding unreadable(HandoverException rejected) {
    return new Finding(FdtRules.FORM, rejected.path(), rejected.address(), rejected.problem());
  }

  /** A verification of one handover, in progress. */
  private record Run(
      Handover handover, Options options, Findings findings, OwnerVisitor owners, Arena arena) {

    void all() {
      PageSizeEvidence pageSize = handover.pageSizeEvidence();
      if (pageSize.isUnsure()) {
        findings.notChecked(
            "the page size, taken as %s: %s"
                .formatted(pageSize.size().label(), pageSize.because()));
        findings.guess(OF_PAGE_SIZE);
        if (!handover.memory().isWhole()) {
          findings.guess(OF_MAP); // A map that is whole and reads with no page size is broken.
        }
      }
      PageSpace space = new PageSpace(handover.memory().physical(), handover.pageSize());
      Scene scene =
          new Scene(
              handover,
              space,
              findings,
              new Preserved(space, arena),
              new Claims(space, arena, owners),
              new AbsentPages(handover.memory(), space, arena),
              ScratchRules.regions(handover, options.setupData, options.scratchArray, findings),
              nodes());
      RootFdt root = handover.root();
      owners.blob(
          Where.ROOT,
          root.address(),
          handover.memory().bytes(Where.ROOT, root.address(), root.totalSize()));
      if (!FdtRules.version(scene)) {
        return;
      }
      FdtRules.check(scene);
      ScratchContentRules.preserved(scene.scratch(), findings, scene.preserved());
      FdtRules.owners(scene);
      if (!scene.claims().conflicts().isEmpty()) {
        Claims named = scene.claims().naming(arena);
        again(scene.naming(named));
        OwnerRules.twice(scene, named);
      }
      Unclaimed.check(scene, options.running);
    }

    private List<Long> nodes() {
      List<Long> nodes =
          options.nodes.isEmpty() ? NumaNodes.borders(handover.memory().physical()) : options.nodes;
      boolean before71 =
          KhoVersion.of(handover.root().compatible()).filter(KhoVersion::finalized).isPresent();
      if (nodes.isEmpty() && before71) {
        findings.notChecked("NUMA nodes: the source has no ACPI table with several nodes");
      }
      return nodes;
    }

    private void again(Scene scene) {
      if (scene.preserved().isKnown()) {
        MapRules.claim(scene, handover.preservedMap(), Where.ROOT.in(KhoVersion.MAP_PROPERTY));
      }
      FdtRules.owners(scene);
    }
  }
}
