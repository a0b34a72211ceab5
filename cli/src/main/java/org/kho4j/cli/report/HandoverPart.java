package org.kho4j.cli.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kho4j.cli.inspect.Inspection;
import org.kho4j.cli.verify.VerifiedSource.Candidate;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;

/**
 * The part of the page about one handover.
 *
 * @param prefix of all ids
 * @param checked what was verified
 * @param findings in the order of the rules
 * @param text what it says
 * @param picture where it lies; without any gigabytes to look at where it was consumed
 * @param structures parts of the page, by path
 */
record HandoverPart(
    Candidate candidate,
    String prefix,
    Checked checked,
    List<PageFinding> findings,
    HandoverText text,
    Picture picture,
    Structures structures) {

  /** Verifies a handover, reads it and paints it. */
  static HandoverPart of(Candidate candidate, Verifier.Options options, String prefix)
      throws IOException {
    Handover handover = candidate.handover();
    Painting painting = new Painting(handover.memory().physical(), handover.pageSize());
    List<Finding> findings = new ArrayList<>();
    Checked checked = candidate.verify(options, findings::add, painting);
    if (!candidate.consumed()) {
      paint(handover, options, painting);
    }
    Picture picture = painting.finish();
    Structures structures = new Structures(prefix);
    Contents contents =
        new Contents(structures, around(findings), address -> picture.idAround(prefix, address));
    HandoverText text = new HandoverText(contents);
    Inspection.show(handover, options, text);
    List<PageFinding> numbered = new ArrayList<>();
    for (Finding finding : findings) {
      numbered.add(new PageFinding(finding, prefix + "f" + numbered.size()));
    }
    return new HandoverPart(candidate, prefix, checked, numbered, text, picture, structures);
  }

  private static void paint(Handover handover, Verifier.Options options, Painting painting) {
    if (handover.hasMap()) {
      try {
        handover.preservedMap().forEachRun(painting::preserved);
      } catch (HandoverException e) {
        // The inspection reports the fault; the part painted until then is right.
      }
    }
    Scratch.of(handover, options).stream()
        .flatMap(scratch -> scratch.regions().stream())
        .forEach(region -> painting.scratch(region.address(), region.length()));
  }

  /** Paths of everything that has a finding, and of what these are in. */
  private static Set<String> around(List<Finding> findings) {
    Set<String> paths = new HashSet<>();
    for (Finding finding : findings) {
      String path = finding.path();
      for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
        paths.add(path.substring(0, end));
      }
    }
    return paths;
  }

  Handover handover() {
    return candidate.handover();
  }
}
