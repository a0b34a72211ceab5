package org.kho4j.cli.verify;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Text.Style;
import org.kho4j.cli.output.Units;
import org.kho4j.verify.Checked;
import org.kho4j.verify.Finding;
import org.kho4j.verify.Severity;

/** Findings, worst first, and what was checked. */
public final class FindingView {

  private FindingView() {}

  static void json(Invocation invocation, List<Finding> findings, Checked checked)
      throws IOException {
    try (Json json = invocation.json()) {
      json.object().text("schema", "kho4j/verify/1").array("findings");
      for (Finding finding : findings) {
        json.object()
            .text("id", finding.rule().id())
            .text("severity", finding.rule().severity().label())
            .text("path", finding.path())
            .address("address", finding.address())
            .text("message", finding.message())
            .text("kernel", finding.rule().kernel())
            .endObject();
      }
      json.endArray().object("checked");
      checked.counts().forEach(json::number);
      json.array("notChecked");
      checked.notChecked().forEach(json::text);
      json.endArray();
      if (!checked.untold().isEmpty()) {
        json.object("moreFindings");
        checked.untold().forEach(json::number);
        json.endObject();
      }
      json.endObject().endObject();
    }
  }

  static void text(Invocation invocation, List<Finding> findings, Checked checked)
      throws IOException {
    Text text = invocation.text();
    for (Finding finding : findings) {
      Severity severity = finding.rule().severity();
      text.put(style(severity), "%-7s".formatted(severity.label()))
          .put(" %-11s ".formatted(finding.rule().id()))
          .put(Units.printablePath(finding.path()))
          .put(" at ")
          .address(finding.address())
          .put(": ")
          .put(Units.printable(finding.message()))
          .put(Style.FAINT, " | " + finding.rule().kernel())
          .line();
    }
    for (Map.Entry<String, Long> more : checked.untold().entrySet()) {
      text.put("and " + Units.count(more.getValue()) + " more of " + more.getKey()).line();
    }
    summary(text, findings, checked);
  }

  private static void summary(Text text, List<Finding> findings, Checked checked)
      throws IOException {
    long errors = count(findings, Severity.ERROR);
    long warnings = count(findings, Severity.WARNING);
    text.put(
            errors > 0 ? Style.BAD : warnings > 0 ? Style.WARNING : Style.GOOD,
            Units.count(errors, "error", "errors"))
        .put(", ")
        .count(warnings, "warning", "warnings")
        .put("; checked: ")
        .put(summary(checked))
        .line();
    for (String sentence : checked.notChecked()) {
      text.put("not checked: ").put(Units.printable(sentence)).line();
    }
  }

  /** What was looked at, as {@code 1 handover, 32 map nodes}. */
  public static String summary(Checked checked) {
    return checked.counts().entrySet().stream()
        .map(count -> phrase(count.getKey(), count.getValue()))
        .collect(Collectors.joining(", "));
  }

  /** {@code mapNodes} and 20 as {@code 20 map nodes}. */
  private static String phrase(String name, long count) {
    String words = name.replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
    if (words.endsWith(" bytes")) {
      return Units.size(count) + " " + words.substring(0, words.length() - " bytes".length());
    }
    return Units.count(count) + " " + (count == 1 ? words.replaceFirst("s$", "") : words);
  }

  private static long count(List<Finding> findings, Severity severity) {
    return findings.stream().filter(finding -> finding.rule().severity() == severity).count();
  }

  static Style style(Severity severity) {
    return switch (severity) {
      case ERROR -> Style.BAD;
      case WARNING -> Style.WARNING;
      case INFO -> Style.FAINT;
    };
  }
}
