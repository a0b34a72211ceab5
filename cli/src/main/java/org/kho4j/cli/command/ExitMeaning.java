package org.kho4j.cli.command;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.kho4j.preflight.part.Verdict;

/** The meaning of each exit status of kho, for the manual and the documentation. */
public enum ExitMeaning {
  FINE(String.valueOf(Command.OK), "success"),
  BAD_ANSWER(
      String.valueOf(Command.BAD_ANSWER),
      "the command worked, and the answer is bad: findings, differences, a verdict other than ok"),
  FAILED(
      String.valueOf(Command.FAILED),
      "wrong usage, or an input that is unreadable or not what it claims to be"),
  VERDICT(
      "10 to 15",
      "a verdict, only from kho preflight --exit-status detailed: "
          + Arrays.stream(Verdict.values())
              .filter(verdict -> verdict != Verdict.OK)
              .map(verdict -> verdict.exitStatus() + " " + verdict.label())
              .collect(Collectors.joining(", "))),
  SIGNAL(
      "129, 130, 143",
      "ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; an incomplete output file is removed");

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

  /** Returns the meaning as a sentence. */
  public String sentence() {
    return sentence;
  }
}
