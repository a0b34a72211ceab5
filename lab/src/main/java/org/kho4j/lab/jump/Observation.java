package org.kho4j.lab.jump;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What became of each part of a handover, in the words of kho preflight's verdict. A part is absent
 * that was not in use, or of which nothing is known because the kernel stopped before.
 *
 * @param parts the parts by name
 * @param said the lines that show it
 */
record Observation(Map<String, String> parts, List<String> said) {

  private static final String OK = "ok";
  private static final String LOST = "lost";
  private static final String CORRUPT = "corrupt";
  private static final String PANIC = "panic";

  private static final List<String> BEST_TO_WORST =
      List.of(OK, "degraded", LOST, "unreachable", CORRUPT, PANIC);

  private static final int MOST_LINES = 12;

  private static final Pattern EVIDENCE =
      Pattern.compile(
          "KHO: (?!Marked).*|test_kho: .*|reserv.*'trace'.*|luo.*: .*|liveupdate test: .*ERROR.*"
              + "|lab: missed .*|Kernel panic.*|WARNING: .*|BUG: .*|Oops: .*|memfd_luo: .*");

  /**
   * Reads it out of what the two kernels said.
   *
   * @param first what the first kernel said
   * @param next what was said from the jump on
   * @param kept whether the reserved memory has its content
   */
  static Observation of(Use use, List<String> first, List<String> next, boolean kept) {
    Map<String, String> parts = new LinkedHashMap<>();
    boolean found = has(next, "KHO: found kexec handover data");
    boolean up = has(next, "lab: release");
    boolean ended = has(next, "lab: end$");
    if (!ended && !up) {
      boolean inLuo = has(next, "luo: ");
      boolean revived = has(next, "Revived memory reservation");
      parts.put("kho", found && inLuo && revived ? OK : PANIC);
      if (inLuo) {
        parts.put("luo", PANIC);
      }
    } else {
      parts.put("kho", found ? OK : LOST);
      parts.put(
          "kexec-metadata",
          has(next, "KHO: exec from: .* \\(count 1\\)") ? OK : found ? "degraded" : LOST);
      if (!has(first, "dump .*/kho_test none")) {
        parts.put("kho_test", test(next));
      }
      boolean revived = has(next, "Revived memory reservation 'trace'");
      parts.put("memblock", revived ? kept ? OK : CORRUPT : LOST);
      if (use.sessions && !has(first, "missed session")) {
        sessions(use, first, next, parts, ended);
      }
    }
    return new Observation(
        parts,
        next.stream()
            .filter(EVIDENCE.asPredicate())
            .filter(line -> !line.contains("Bad file descriptor"))
            .limit(MOST_LINES)
            .toList());
  }

  private static String test(List<String> next) {
    return has(next, "test_kho: KHO restore succeeded") ? OK : LOST;
  }

  private static void sessions(
      Use use, List<String> first, List<String> next, Map<String, String> parts, boolean ended) {
    boolean unopened = has(next, "missed retrieve .*/dev/liveupdate");
    boolean arrived = has(next, "Retrieved live update data");
    String luo =
        !arrived
            ? LOST
            : unopened
                ? "unreachable"
                : !ended ? PANIC : has(next, "missed retrieve") ? CORRUPT : OK;
    parts.put("luo", luo);
    if (use.files && !has(first, "missed memfd")) {
      boolean wrong = has(next, "missed (check|finish)") || !ended;
      parts.put("memfd", luo.equals(OK) || luo.equals(PANIC) ? wrong ? CORRUPT : OK : luo);
      if (luo.equals(OK) && has(first, "liveupdate-test-flb.*: preserve was triggered")) {
        boolean flbs = has(next, "found flb data from the previous boot");
        parts.put("flb", flbs ? OK : LOST);
      }
    }
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
