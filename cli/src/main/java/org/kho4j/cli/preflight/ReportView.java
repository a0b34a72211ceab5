package org.kho4j.cli.preflight;

import java.io.IOException;
import java.util.List;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.preflight.Profile;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.Verdict;
import org.kho4j.preflight.image.Architecture;

/** Shows a report. */
final class ReportView {

  private ReportView() {}

  static void json(Invocation invocation, Profile from, Profile to, Report report)
      throws IOException {
    try (Json json = invocation.json()) {
      json.object().text("schema", "kho4j/preflight/1").text("verdict", report.verdict().label());
      kernel(json, "from", from);
      kernel(json, "to", to);
      json.array("components");
      for (Component component : report.components()) {
        json.object()
            .text("name", component.name())
            .text("from", component.from().orElse(null))
            .text("to", component.to().orElse(null))
            .text("verdict", component.verdict().label())
            .text("because", component.because())
            .endObject();
      }
      json.endArray();
      list(json, "findings", report.findings());
      list(json, "notes", report.notes());
      json.endObject();
    }
  }

  private static void kernel(Json json, String name, Profile kernel) {
    json.object(name)
        .text("source", kernel.source())
        .text("release", kernel.release().orElse(null))
        .text(
            "architecture",
            kernel.architecture() == Architecture.UNKNOWN ? null : kernel.architecture().label());
    kernel.pageSize().ifPresent(size -> json.number("pageSize", size.bytes()));
    json.endObject();
  }

  private static void list(Json json, String name, List<String> texts) {
    if (!texts.isEmpty()) {
      json.array(name);
      texts.forEach(json::text);
      json.endArray();
    }
  }

  static void text(Invocation invocation, Profile from, Profile to, Report report)
      throws IOException {
    Text text = invocation.text();
    text.put(style(report.verdict()), report.verdict().label())
        .put(": ")
        .name(from.source())
        .put(release(from))
        .put(" to ")
        .name(to.source())
        .line(release(to));
    int name = 0;
    int versions = 0;
    for (Component component : report.components()) {
      name = Math.max(name, component.name().length());
      versions = Math.max(versions, versions(component).length());
    }
    for (Component component : report.components()) {
      text.put("  ")
          .put(padded(Units.printable(component.name()), name))
          .put("  ")
          .put(padded(Units.printable(versions(component)), versions))
          .put("  ")
          .put(style(component.verdict()), padded(component.verdict().label(), 11))
          .put("  ")
          .line(Units.printable(component.because()));
    }
    for (String finding : report.findings()) {
      text.put(Text.Style.WARNING, "finding").put(": ").line(Units.printable(finding));
    }
    for (String note : report.notes()) {
      text.put(Text.Style.FAINT, "note").put(": ").line(Units.printable(note));
    }
  }

  private static String release(Profile kernel) {
    return kernel.release().map(release -> " (" + Units.printable(release) + ")").orElse("");
  }

  private static String versions(Component component) {
    String from = component.from().orElse("-");
    String to = component.to().orElse("-");
    return from.equals(to) ? from : from + " > " + to;
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  private static Text.Style style(Verdict verdict) {
    return switch (verdict) {
      case OK -> Text.Style.GOOD;
      case DEGRADED, UNKNOWN -> Text.Style.WARNING;
      default -> Text.Style.BAD;
    };
  }
}
