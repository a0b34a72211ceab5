package org.kho4j.lab.agreement;

import java.util.List;
import org.kho4j.verify.result.Outcome;

/**
 * The outcome of a handover in a kernel, as observed.
 *
 * @param said the lines that show it, without those that are there each time
 */
record Observed(Outcome outcome, List<String> said) {

  private static final int SHOWN = 5;
  private static final int LENGTH = 150;

  /** The first few lines, without those of what cannot be done because something before failed. */
  String inShort() {
    List<String> causes =
        said.stream().filter(line -> !line.endsWith("Bad file descriptor")).toList();
    StringBuilder text = new StringBuilder();
    for (String line : causes.subList(0, Math.min(SHOWN, causes.size()))) {
      text.append(text.isEmpty() ? "" : "; ").append(line, 0, Math.min(LENGTH, line.length()));
    }
    if (said.size() > SHOWN) {
      text.append("; and ").append(said.size() - SHOWN).append(" more");
    }
    return text.toString();
  }
}
