package org.kho4j.fleet;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kho4j.preflight.part.Verdict;

/** How many hosts of each group have which answer for each kernel. */
final class Matrix {

  /** The answer for a file that cannot be read, or a pair that cannot be judged. */
  static final String ERROR = "error";

  /** The answers, worst first. An error hides any fate, so only a known loss ranks above it. */
  static final List<String> ANSWERS =
      List.of(
          Verdict.PANIC.label(),
          Verdict.CORRUPT.label(),
          Verdict.UNREACHABLE.label(),
          Verdict.LOST.label(),
          ERROR,
          Verdict.UNKNOWN.label(),
          Verdict.DEGRADED.label(),
          Verdict.OK.label());

  private final List<String> kernels;
  private final Map<String, Map<String, Map<String, Long>>> counts = new TreeMap<>();

  Matrix(List<String> kernels) {
    this.kernels = List.copyOf(kernels);
  }

  List<String> kernels() {
    return kernels;
  }

  void add(String group, String kernel, String answer, long hosts) {
    counts
        .computeIfAbsent(group, _ -> new TreeMap<>())
        .computeIfAbsent(kernel, _ -> new TreeMap<>())
        .merge(answer, hosts, Long::sum);
  }

  /** Hosts by answer of a cell, worst first. */
  Map<String, Long> cell(String group, String kernel) {
    Map<String, Long> cell = counts.getOrDefault(group, Map.of()).getOrDefault(kernel, Map.of());
    return worstFirst(cell);
  }

  /** Hosts by answer for a kernel, worst first. */
  Map<String, Long> total(String kernel) {
    Map<String, Long> sum = new TreeMap<>();
    counts
        .values()
        .forEach(group ->
            group
                .getOrDefault(kernel, Map.of())
                .forEach((answer, hosts) -> sum.merge(answer, hosts, Long::sum)));
    return worstFirst(sum);
  }

  private static Map<String, Long> worstFirst(Map<String, Long> cell) {
    Map<String, Long> sorted = new LinkedHashMap<>();
    for (String answer : ANSWERS) {
      Long hosts = cell.get(answer);
      if (hosts != null) {
        sorted.put(answer, hosts);
      }
    }
    return sorted;
  }

  /** The groups, those first that have most of the worst answer. */
  List<String> groups() {
    List<String> groups = new ArrayList<>(counts.keySet());
    groups.sort(Comparator.comparing(this::badness).reversed().thenComparing(group -> group));
    return groups;
  }

  /** For each answer, worst first, the hosts of a group that have it, as digits to compare. */
  private String badness(String group) {
    StringBuilder digits = new StringBuilder();
    for (String answer : ANSWERS.subList(0, ANSWERS.size() - 1)) {
      long hosts =
          counts.getOrDefault(group, Map.of()).values().stream()
              .mapToLong(cell -> cell.getOrDefault(answer, 0L))
              .sum();
      digits.append("%019d".formatted(hosts));
    }
    return digits.toString();
  }

  /** Returns whether every answer is ok. */
  boolean isOk() {
    return kernels.stream()
        .allMatch(kernel -> List.of(Verdict.OK.label()).containsAll(total(kernel).keySet()));
  }
}
