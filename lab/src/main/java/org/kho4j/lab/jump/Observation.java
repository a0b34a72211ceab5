package org.kho4j.lab.jump;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The fate of each part of a handover, in the words of kho preflight's verdict, and two more: an
 * oops ends the process that asked for the part, and the kernel continues; in a hang all output
 * ends. A part is absent that was not in use, or of which nothing is known because the kernel or
 * its init stopped before.
 *
 * @param parts the parts by name
 * @param said the lines that show it
 */
record Observation(Map<String, String> parts, List<String> said) {

  private static final String OK = "ok";
  private static final String LOST = "lost";
  private static final String CORRUPT = "corrupt";
  private static final String UNREACHABLE = "unreachable";
  private static final String OOPS = "oops";
  private static final String HANG = "hang";
  private static final String PANIC = "panic";

  private static final List<String> BEST_TO_WORST =
      List.of(OK, "degraded", LOST, UNREACHABLE, CORRUPT, OOPS, HANG, PANIC);

  private static final int MOST_LINES = 12;

  private static final Pattern EVIDENCE =
      Pattern.compile(
          "KHO: (?!Marked).*|test_kho: .*|reserv.*'trace'.*|luo.*: .*|liveupdate test: .*ERROR.*"
              + "|lab: missed .*|lab: FAILED .*|Kernel panic.*|WARNING: .*|BUG: .*|Oops: .*"
              + "|Internal error: .*|memfd_luo: .*");

  /**
   * Reads it out of what the two kernels said.
   *
   * @param first what the first kernel said
   * @param next what was said from the jump on
   * @param kept whether the reserved memory has its content
   */
  static Observation of(Use use, List<String> first, List<String> next, boolean kept) {
    Map<String, String> parts = new LinkedHashMap<>();
    if (has(next, "lab: release")) {
      up(parts, use, first, next, kept);
    } else {
      stopped(parts, next);
    }
    return new Observation(
        parts,
        next.stream()
            .filter(EVIDENCE.asPredicate())
            .filter(line -> !line.contains("Bad file descriptor"))
            .limit(MOST_LINES)
            .toList());
  }

  /** A kernel that never came to its init. */
  private static void stopped(Map<String, String> parts, List<String> next) {
    boolean inLuo = has(next, "luo: ");
    boolean kho =
        has(next, "KHO: found kexec handover data") && has(next, "Revived memory reservation");
    parts.put("kho", kho && inLuo ? OK : end(next));
    if (inLuo) {
      parts.put("luo", end(next));
    }
  }

  private static void up(
      Map<String, String> parts, Use use, List<String> first, List<String> next, boolean kept) {
    boolean found = has(next, "KHO: found kexec handover data");
    parts.put("kho", found ? OK : LOST);
    parts.put(
        "kexec-metadata",
        has(next, "KHO: exec from: .* \\(count 1\\)") ? OK : found ? "degraded" : LOST);
    if (!has(first, "dump .*/kho_test none")) {
      parts.put("kho_test", has(next, "test_kho: KHO restore succeeded") ? OK : LOST);
    }
    if (!use.reservation.isEmpty()) {
      boolean revived = has(next, "Revived memory reservation 'trace'");
      parts.put("memblock", revived ? kept ? OK : CORRUPT : LOST);
    }
    if (use.sessions && !has(first, "missed session")) {
      sessions(parts, use, first, next);
    }
  }

  private static void sessions(
      Map<String, String> parts, Use use, List<String> first, List<String> next) {
    boolean files = use.files && !has(first, "missed memfd");
    boolean arrived = has(next, "Retrieved live update data");
    if (!arrived || has(next, "missed retrieve .*/dev/liveupdate")) {
      String fate = arrived ? UNREACHABLE : LOST;
      parts.put("luo", fate);
      if (files) {
        parts.put("memfd", fate);
      }
      return;
    }
    boolean ended = has(next, "lab: end$");
    boolean inFile =
        next.stream()
            .filter(line -> line.contains("lab: at "))
            .reduce((before, last) -> last)
            .filter(line -> line.contains("lab: at check"))
            .isPresent();
    String luo = !ended && !inFile ? end(next) : has(next, "missed retrieve") ? CORRUPT : OK;
    parts.put("luo", luo);
    if (files && (ended || inFile)) {
      boolean wrong = luo.equals(CORRUPT) || has(next, "missed (check|finish)");
      parts.put("memfd", !ended ? end(next) : wrong ? CORRUPT : OK);
    }
    if (files && ended && luo.equals(OK) && has(first, "test-flb.*: preserve was triggered")) {
      parts.put("flb", has(next, "found flb data from the previous boot") ? OK : LOST);
    }
  }

  /** How it ended without an end. */
  private static String end(List<String> next) {
    return has(next, "Kernel panic") ? PANIC : has(next, "lab: FAILED") ? OOPS : HANG;
  }

  /** The worst of the parts. */
  String overall() {
    return BEST_TO_WORST.stream()
        .filter(parts::containsValue)
        .reduce((better, worse) -> worse)
        .orElse(OK);
  }

  private static boolean has(List<String> lines, String regex) {
    Pattern wanted = Pattern.compile(regex);
    return lines.stream().anyMatch(line -> wanted.matcher(line).find());
  }
}
