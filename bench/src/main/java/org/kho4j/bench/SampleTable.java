package org.kho4j.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Samples of Java and of C, by row, and the table of them. */
final class SampleTable {

  enum Side {
    JAVA,
    C
  }

  private final Map<String, Map<Side, Samples>> rows = new TreeMap<>();

  void add(Side side, String row, double value, String unit) {
    rows.computeIfAbsent(row, name -> new EnumMap<>(Side.class))
        .computeIfAbsent(side, each -> new Samples(unit.replace("/op", "")))
        .values
        .add(value);
  }

  /**
   * A line for each row that ran. Samples of some 20 ms measure compilation: they are no figures.
   */
  String rowNames() {
    return rows.entrySet().stream()
        .map(row -> row.getKey() + " ran in " + row.getValue().keySet() + "\n")
        .collect(Collectors.joining());
  }

  /** The table, best and median of each side. A ratio above 1 means that Java takes longer. */
  @Override
  public String toString() {
    StringBuilder table =
        new StringBuilder(
            "%-36s %10s %10s %10s %10s  %-5s %7s %7s%n"
                .formatted(
                    "", "Java best", "median", "C best", "median", "", "Java/C", "(median)"));
    rows.forEach((row, sides) -> {
      Samples java = sides.get(Side.JAVA);
      Samples c = sides.get(Side.C);
      Samples any = java != null ? java : c;
      table.append(
          "%-36s %s %s  %-5s %s%n"
              .formatted(row, columns(java), columns(c), any.unit, ratio(java, c)));
    });
    return table.toString();
  }

  private static String columns(Samples samples) {
    return samples == null
        ? "%10s %10s".formatted("-", "-")
        : "%10s %10s".formatted(number(samples.best()), number(samples.median()));
  }

  private static String ratio(Samples java, Samples c) {
    if (java == null || c == null) {
      return "%7s %7s".formatted("-", "-");
    }
    if (!java.unit.equals(c.unit)) {
      return "C in " + c.unit;
    }
    return String.format(
        Locale.ROOT, "%7.2f %7.2f", java.best() / c.best(), java.median() / c.median());
  }

  private static String number(double value) {
    int decimals = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  private static final class Samples {
    final String unit;
    final List<Double> values = new ArrayList<>();

    Samples(String unit) {
      this.unit = unit;
    }

    /** The least time, or the most of what is counted per time. */
    double best() {
      var stream = values.stream().mapToDouble(Double::doubleValue);
      return (unit.contains("/") ? stream.max() : stream.min()).orElseThrow();
    }

    double median() {
      List<Double> sorted = values.stream().sorted().toList();
      int middle = sorted.size() / 2;
      return sorted.size() % 2 == 1
          ? sorted.get(middle)
          : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
  }
}
