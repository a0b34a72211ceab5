package org.kho4j.cli.preflight;

import java.io.IOException;
import java.util.Optional;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.ScratchView;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.Profile;

/** Shows the report on a pair of kernels. */
final class ReportView {

  /** Columns of a verdict and the space behind it. */
  private static final int GAP = 13;

  private static final int LINE = 110;

  private ReportView() {}

  static void json(Invocation invocation, Profile from, Profile to, Report report)
      throws IOException {
    try (Json json = invocation.json()) {
      json.document(Schema.PREFLIGHT)
          .text("verdict", report.verdict().label())
          .number("unknown", report.unknown());
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
      json.textsIfAny("findings", report.findings());
      report.scratch().ifPresent(scratch -> ScratchView.json(json, scratch));
      json.textsIfAny("notes", report.notes());
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
    ProfileFile.parts(json, kernel.parts());
    json.endObject();
  }

  static void text(Invocation invocation, Profile from, Profile to, Report report)
      throws IOException {
    Text text = invocation.text();
    text.put(style(report.verdict()), report.verdict().label())
        .put(unknown(report))
        .put(": ")
        .name(from.source())
        .put(release(from))
        .put(" to ")
        .name(to.source())
        .line(release(to));
    int widest = report.components().stream().mapToInt(one -> one.name().length()).max().orElse(0);
    for (Component component : report.components()) {
      component(text, component, widest);
    }
    for (String finding : report.findings()) {
      text.put(Text.Style.WARNING, "finding").put(": ").line(Units.printable(finding));
    }
    if (report.scratch().isPresent()) {
      text.put(Text.Style.FAINT, "scratch")
          .put(": ")
          .line(ScratchView.sentence(report.scratch().get()));
    }
    for (String note : report.notes()) {
      text.put(Text.Style.FAINT, "note").put(": ").line(Units.printablePath(note));
    }
  }

  /**
   * The verdict and those of the parts that are not ok, a line each: {@code panic: A to B: luo:
   * luo-v5 > luo-v6: …}.
   */
  static void line(Invocation invocation, Profile from, Profile to, Report report)
      throws IOException {
    String pair = Units.printable(from.source()) + " to " + Units.printable(to.source());
    Text text = invocation.text();
    text.put(style(report.verdict()), report.verdict().label()).line(": " + pair);
    for (Component component : report.components()) {
      if (component.verdict() != Verdict.OK) {
        String versions = versions(component).map(what -> " " + Units.printable(what)).orElse("");
        text.put(style(component.verdict()), component.verdict().label())
            .put(": " + pair + ": " + Units.printable(component.name()) + versions + ": ")
            .line(Units.printablePath(component.because()));
      }
    }
  }

  /** The count of parts whose fate is not known, for the headline. */
  private static String unknown(Report report) {
    return report.unknown() == 0
        ? ""
        : "; " + Units.count(report.unknown(), "part is", "parts are") + " unknown";
  }

  /** Writes a component on one line, or on two if the reason is long. */
  private static void component(Text text, Component component, int widest) throws IOException {
    String what =
        padded(Units.printable(component.name()), widest)
            + versions(component).map(versions -> "  " + Units.printable(versions)).orElse("");
    String because = Units.printablePath(component.because());
    String verdict = component.verdict().label();
    text.put("  ").put(style(component.verdict()), verdict).put(padded("", GAP - verdict.length()));
    if (GAP + what.length() + because.length() < LINE) {
      text.put(what).put(versions(component).isPresent() ? ", " : "  ").line(because);
    } else {
      text.line(what.stripTrailing()).put(padded("", GAP + 2)).line(because);
    }
  }

  private static String release(Profile kernel) {
    return kernel.release().map(release -> " (" + Units.printable(release) + ")").orElse("");
  }

  /** {@code luo-v5 > luo-v6}, or what both have; empty where neither has a string. */
  private static Optional<String> versions(Component component) {
    if (component.from().equals(component.to())) {
      return component.from();
    }
    return Optional.of(component.from().orElse("-") + " > " + component.to().orElse("-"));
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
