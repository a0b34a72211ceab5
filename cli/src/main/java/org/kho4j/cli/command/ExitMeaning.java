package org.kho4j.cli.command;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.kho4j.preflight.Verdict;

/** What each exit status of kho means, for the manual and the documentation. */
public enum ExitMeaning {
  FINE(String.valueOf(Command.OK), "fine"),
  BAD_ANSWER(String.valueOf(Command.BAD_ANSWER), "it worked, and the answer is bad"),
  FAILED(String.valueOf(Command.FAILED), "wrong usage, unreadable, or not what it claims to be"),
  VERDICT(
      "10 to 15",
      "verdicts, of kho preflight --exit-status detailed alone: "
          + Arrays.stream(Verdict.values())
              .filter(verdict -> verdict != Verdict.OK)
              .map(verdict -> verdict.exitStatus() + " " + verdict.label())
              .collect(Collectors.joining(", "))),
  SIGNAL(
      "129, 130, 143",
      "ended by SIGHUP, by SIGINT (Ctrl-C), by SIGTERM; a file that was being written is removed");

  private final String status;
  private final String sentence;

  ExitMeaning(String status, String sentence) {
    this.status = status;
    this.sentence = sentence;
  }

  /** The number, or numbers. */
  public String status() {
    return status;
  }

  /** What it means. */
  public String sentence() {
    return sentence;
  }
}
