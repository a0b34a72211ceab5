package org.kho4j.verify.scratch;

import java.util.List;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.state.Findings;
import org.kho4j.verify.state.Preserved;

/** Rules for the content of scratch regions, which the next kernel overwrites. */
public final class ScratchContentRules {

  public static final Rule STRUCTURE =
      Rule.error(
          "SCRATCH-005",
          "No structure of the handover is in a scratch region.",
          "Not checked (7.3): the next kernel allocates from scratch before it has read the map,"
              + " and overwrites the structure. It then reads wrong data, and may lose a subtree"
              + " or fault in early boot. Allocation begins at the top of a region: a structure at"
              + " its bottom may survive (7.3.4).",
          "The structures were allocated before the regions were reserved, or the regions are not"
              + " those of this kernel.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule PRESERVED =
      Rule.error(
          "SCRATCH-006",
          "No preserved memory is in a scratch region.",
          "Only debug kernels warn when the memory is preserved (7.3). The next kernel uses"
              + " scratch at once, and overwrites the data; only their owner notices, when it"
              + " restores them.",
          "Scratch holds only movable memory: a client must move it before it preserves it.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  private ScratchContentRules() {}

  /** Checks a structure against the scratch regions. */
  public static void structure(
      List<AddressRange> regions, Findings findings, Where where, long address, long bytes) {
    for (AddressRange region : regions) {
      if (region.overlaps(address, bytes)) {
        findings.report(
            STRUCTURE, where, address, "0x%x is in the scratch region %s", address, region);
      }
    }
  }

  /** Checks the preserved pages against the scratch regions. */
  public static void preserved(List<AddressRange> regions, Findings findings, Preserved preserved) {
    for (AddressRange region : regions) {
      long first = preserved.firstPreserved(region);
      if (first >= 0) {
        findings.report(
            PRESERVED,
            ScratchRules.WHERE,
            first,
            "the block of order %d around 0x%x is in the scratch region %s",
            preserved.orderAround(first),
            first,
            region);
      }
    }
  }
}
