package org.kho4j.handover;

import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.MapEvidence.Certainty;

/**
 * The page size of the kernel that wrote a handover, and the evidence for it: no structure of the
 * contract records the size.
 *
 * @param size of a page
 * @param certainty certainty of the size
 * @param because a sentence with the evidence
 */
public record PageSizeEvidence(PageSize size, Certainty certainty, String because) {

  /** Returns whether the handover does not show its page size, so that this one is assumed. */
  public boolean isUnsure() {
    return certainty == Certainty.UNSURE;
  }
}
