package org.kho4j.cli.report;

import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Severity;

/**
 * A finding, and where the page tells of it.
 *
 * @param id of that part of the page
 */
record PageFinding(Finding finding, String id) {

  long address() {
    return finding.address();
  }

  Severity severity() {
    return finding.rule().severity();
  }

  String title() {
    return finding.rule().id() + " (" + severity().label() + "): " + finding.message();
  }
}
