package org.kho4j.lab.agreement;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.SerialConsole;
import org.kho4j.lab.scenario.WordPattern;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.result.Outcome;

/**
 * Reads from a guest's console and memory what came through.
 *
 * @param reservations where they were handed over
 * @param signs what a kernel says that has restored everything
 */
record Witness(List<ReserveMem> reservations, List<String> signs) {

  /** The pattern of a kernel's or init's message about data that arrived. */
  private static final String SIGN =
      "KHO: found kexec handover data|KHO: exec from: .*|test_kho: KHO restore succeeded"
          + "|Revived memory reservation '.*' from KHO|liveupdate test: .*: found flb data.*"
          + "|liveupdate test: .*: finish was triggered|luo: Retrieved live update data.*"
          + "|lab: retrieved";

  /** The pattern of their message about data that did not arrive. */
  private static final String TROUBLE =
      "lab: missed .*|lab: FAILED .*|test_kho: KHO restore failed|test_kho: failed .*|WARNING: .*"
          + "|BUG: .*|Oops: .*|Kernel panic .*|liveupdate test: .*(?:ERROR|failed).*"
          + "|KHO: disabling KHO revival|KHO: broken KHO subnode .*|KHO: kexec-metadata .*"
          + "|.*KHO reserve-mem .*";

  private static final String WRONG = ".*(?:content|size|seals) of the memfd: .*";
  private static final String FAULT = "(?:BUG|Oops|Kernel panic|lab: FAILED).*";

  /** The signs of a guest whose handover is sound. */
  static List<String> signs(Guest guest) {
    return lines(guest.console(), SIGN);
  }

  private static List<String> lines(SerialConsole console, String regex) {
    return console.all(regex).map(Matcher::group).distinct().toList();
  }

  /** Waits for a guest to come up, and tells what it has. */
  Observed watch(Run run, Guest guest) throws Exception {
    SerialConsole.End end = guest.awaitEnd("lab: await surveyed|lab: FAILED");
    List<String> said = new ArrayList<>(lines(guest.console(), TROUBLE));
    if (said.stream().anyMatch(line -> line.matches(FAULT))) {
      return new Observed(Outcome.PANIC, said);
    }
    if (end != SerialConsole.End.DONE) {
      if (said.isEmpty()) {
        said.add(end == SerialConsole.End.OFF ? "the machine stopped without a word" : "nothing");
      }
      return new Observed(end == SerialConsole.End.OFF ? Outcome.PANIC : Outcome.HANG, said);
    }
    List<String> found = signs(guest);
    Outcome worst = Outcome.RESTORED;
    for (String trouble : said) {
      worst = worse(worst, ofTrouble(trouble));
    }
    for (String sign : signs) {
      if (!found.contains(sign)) {
        said.add("not said: " + sign);
        worst = worse(worst, ofMissing(sign, said));
      }
    }
    for (String wrong : reservationsGoneWrong(run, guest, found)) {
      said.add(wrong);
      worst = worse(worst, Outcome.LOST);
    }
    return new Observed(worst, said);
  }

  private static Outcome worse(Outcome one, Outcome other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static Outcome ofTrouble(String line) {
    if (line.startsWith("WARNING")) {
      return Outcome.WARNED;
    }
    return line.matches(WRONG) || line.contains("revival") ? Outcome.LOST : Outcome.FAILED;
  }

  /**
   * Returns the outcome for missing data: its user got an error if a line of its own reports it.
   */
  private static Outcome ofMissing(String sign, List<String> said) {
    if (sign.startsWith("KHO: found")) {
      return Outcome.LOST;
    }
    if (sign.startsWith("Revived") || sign.startsWith("lab: ") || sign.contains("finish was")) {
      return Outcome.FAILED;
    }
    String who = sign.substring(0, sign.indexOf(':'));
    return said.stream().anyMatch(line -> line.startsWith(who + ": ") && line.matches(TROUBLE))
        ? Outcome.FAILED
        : Outcome.LOST;
  }

  /**
   * The kernel has made the reservations part of its own handover: there it says where they are.
   */
  private List<String> reservationsGoneWrong(Run run, Guest guest, List<String> found)
      throws Exception {
    List<String> wrong = new ArrayList<>();
    PhysicalMemory memory = guest.memory();
    List<ReserveMem> now = new ArrayList<>();
    for (Handover handover : Handovers.find(memory)) {
      try {
        if (handover.role() == Handover.Role.OUTGOING) {
          handover.client(ReserveMem.CLIENT).ifPresent(now::addAll);
        }
      } catch (HandoverException e) {
        wrong.add("the next handover cannot be read: " + e.getMessage());
      }
    }
    for (ReserveMem before : reservations) {
      if (found.contains("Revived memory reservation '%s' from KHO".formatted(before.name()))) {
        ReserveMem after =
            now.stream().filter(one -> one.name().equals(before.name())).findFirst().orElse(null);
        if (!before.equals(after)) {
          wrong.add("reservation %s is %s, not %s".formatted(before.name(), after, before));
        } else if (WordPattern.of(run)
                .mismatch(memory.read(before.start(), before.size()), before.start(), 0)
            >= 0) {
          wrong.add("reservation %s has other content".formatted(before.name()));
        }
      }
    }
    return wrong;
  }
}
