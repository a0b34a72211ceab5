package org.kho4j.cli.verify;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Text.Style;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.memory.MemorySource;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Severity;

/** Shows findings, worst first, and the counts of structures that were checked. */
public final class FindingView {

  private FindingView() {}

  static void json(Invocation invocation, MemorySource source, Verification verification)
      throws IOException {
    Checked checked = verification.checked();
    try (Json json = invocation.json()) {
      json.document(Schema.VERIFY);
      json.object("source")
          .text("path", source.path().toString())
          .text("kind", source.kind().label())
          .number("bytes", source.bytes());
      if (!verification.handovers().isEmpty()) {
        json.number(
            "pageSize",
            verification.handovers().getFirst().candidate().handover().pageSize().bytes());
      }
      json.endObject().array("handovers");
      for (Verification.Judged judged : verification.handovers()) {
        Handover handover = judged.candidate().handover();
        json.object()
            .address("fdt", handover.root().address())
            .text("compatible", handover.root().compatible())
            .text("role", handover.role().label())
            .text("state", handover.mapState().label());
        handover.taken().ifPresent(evidence -> json.text("taken", evidence));
        handover.mapFault().ifPresent(reason -> json.text("because", reason));
        handover
            .root()
            .bootRecord()
            .ifPresent(record -> json.address("bootRecord", record.address()));
        json.text("verdict", judged.verdict().label());
        counts(json, judged.checked());
        json.endObject();
      }
      json.endArray().text("verdict", verification.verdict().label());
      counts(json, checked);
      json.array("findings");
      for (Verification.Located located : verification.findings()) {
        Finding finding = located.finding();
        json.object()
            .text("id", finding.rule().id())
            .text("severity", finding.rule().severity().label());
        if (located.handover() != null) {
          json.address("fdt", located.handover().root().address());
        }
        json.text("path", finding.path())
            .address("address", finding.address())
            .text("message", finding.message())
            .text("kernel", finding.rule().kernel())
            .endObject();
      }
      json.endArray().object("checked");
      checked.counts().forEach(json::number);
      json.texts("notChecked", checked.unchecked());
      absent(json, checked.absent());
      if (!checked.unreported().isEmpty()) {
        json.object("moreFindings");
        checked.unreported().forEach(json::number);
        json.endObject();
      }
      json.endObject().endObject();
    }
  }

  /** Memory that the source does not have, if there is any. */
  private static void absent(Json json, AbsentParts absent) {
    if (absent.count() == 0) {
      return;
    }
    json.object("absent").number("bytes", absent.bytes()).array("parts");
    for (AbsentParts.Part part : absent.parts()) {
      json.object()
          .text("kind", part.kind().label())
          .text("path", part.path())
          .address("address", part.address());
      if (part.bytes() > 0) {
        json.number("bytes", part.bytes());
      }
      json.endObject();
    }
    json.endArray();
    long more = absent.count() - absent.parts().size();
    if (more > 0) {
      json.number("moreParts", more);
    }
    json.endObject();
  }

  /** Findings by severity, with those that are not reported. */
  private static void counts(Json json, Checked checked) {
    json.number("errors", checked.count(Severity.ERROR))
        .number("warnings", checked.count(Severity.WARNING))
        .number("infos", checked.count(Severity.INFO));
  }

  static void text(Invocation invocation, Verification verification) throws IOException {
    Text text = invocation.text();
    for (Verification.Located located : verification.findings()) {
      Finding finding = located.finding();
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
    Checked checked = verification.checked();
    for (Map.Entry<String, Long> more : checked.unreported().entrySet()) {
      text.put("and " + Units.count(more.getValue()) + " more of " + more.getKey()).line();
    }
    summary(text, checked);
  }

  private static void summary(Text text, Checked checked) throws IOException {
    long errors = checked.count(Severity.ERROR);
    long warnings = checked.count(Severity.WARNING);
    text.put(
            errors > 0 ? Style.BAD : warnings > 0 ? Style.WARNING : Style.GOOD,
            Units.count(errors, "error", "errors"))
        .put(", ")
        .count(warnings, "warning", "warnings")
        .put("; checked: ")
        .put(summary(checked))
        .line();
    for (String sentence : checked.unchecked()) {
      text.put("not checked: ").put(Units.printable(sentence)).line();
    }
  }

  /** Returns the counts of checked structures, as {@code 1 handover, 32 map nodes}. */
  public static String summary(Checked checked) {
    return checked.counts().isEmpty()
        ? "nothing"
        : checked.counts().entrySet().stream()
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

  static Style style(Severity severity) {
    return switch (severity) {
      case ERROR -> Style.BAD;
      case WARNING -> Style.WARNING;
      case INFO -> Style.FAINT;
    };
  }
}
