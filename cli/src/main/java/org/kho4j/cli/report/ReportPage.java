package org.kho4j.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.FindingView;
import org.kho4j.handover.Handover;
import org.kho4j.memory.MemorySource;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Severity;

/** The page. */
final class ReportPage {

  /** More are counted. */
  private static final int MOST_FINDINGS = 500;

  private final MemorySource source;
  private final List<HandoverPart> handovers;
  private final int more;
  private final List<PageFinding> findings;
  private final Checked checked;
  private final ReportOrigin origin;

  /**
   * A page.
   *
   * @param handovers that it shows
   * @param more handovers that it does not show, and whose findings it does
   * @param findings all of them
   * @param origin how the page came about
   */
  ReportPage(
      MemorySource source,
      List<HandoverPart> handovers,
      int more,
      List<PageFinding> findings,
      Checked checked,
      ReportOrigin origin) {
    this.source = source;
    this.handovers = handovers;
    this.more = more;
    this.findings = findings.stream().sorted(Comparator.comparing(PageFinding::severity)).toList();
    this.checked = checked;
    this.origin = origin;
  }

  long count(Severity severity) {
    return checked.count(severity);
  }

  void write(Appendable out) throws IOException {
    Html html = new Html(out);
    html.raw("<!DOCTYPE html>\n").open("html", "lang", "en");
    head(html);
    html.open("body");
    grid(html);
    header(html);
    html.open("main");
    findings(html);
    for (HandoverPart part : handovers) {
      handover(html, part);
    }
    rules(html);
    html.close();
    origin.write(html);
    html.close().close().line();
  }

  private String title() {
    Path name = source.path().getFileName();
    return name == null ? source.path().toString() : name.toString();
  }

  private void head(Html html) throws IOException {
    html.open("head")
        .mark("meta", "charset", "utf-8")
        .mark(
            "meta",
            "http-equiv",
            "Content-Security-Policy",
            "content",
            "default-src 'none'; style-src 'unsafe-inline'")
        .mark("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
        .mark("meta", "name", "color-scheme", "content", "light dark")
        .mark("meta", "name", "generator", "content", "kho report")
        .open("title")
        .untrusted(title())
        .text(" – kho report")
        .close()
        .open("style")
        .raw(style())
        .close()
        .close();
  }

  private static String style() throws IOException {
    try (InputStream css =
        Objects.requireNonNull(ReportPage.class.getResourceAsStream("report.css"))) {
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Writes the grid that separates the cells of every sheet. */
  private static void grid(Html html) throws IOException {
    html.open("svg", "width", "0", "height", "0", "class", "defs", "aria-hidden", "true")
        .open(
            "pattern", "id", "grid", "width", "1", "height", "1", "patternUnits", "userSpaceOnUse")
        .open("path", "d", "M0 0h1M0 0v1")
        .close()
        .close()
        .close();
  }

  private void header(Html html) throws IOException {
    html.line().open("header", "class", "top");
    html.element("p", "Kexec Handover", "class", "eyebrow");
    html.open("h1").untrusted(title()).close();
    html.element(
        "p",
        "%s, %s%s"
            .formatted(
                source.kind().label(),
                Units.size(source.bytes()),
                source.machine() == MemorySource.Machine.UNKNOWN
                    ? ""
                    : ", " + source.machine().name().toLowerCase(Locale.ROOT)),
        "class",
        "source");
    verdict(html);
    html.open("nav", "aria-label", "Parts of this page").open("ul");
    navigate(html, "findings", "Findings", findings.size());
    for (HandoverPart part : handovers) {
      navigate(html, part.prefix(), name(part), -1);
    }
    if (!findings.isEmpty()) {
      navigate(html, "rules", "Rules", -1);
    }
    html.close().close();
    html.open("div", "class", "cards");
    for (HandoverPart part : handovers) {
      card(html, part);
    }
    html.close().close();
  }

  private static void navigate(Html html, String id, String text, int count) throws IOException {
    html.open("li").open("a", "href", "#" + id).text(text);
    if (count >= 0) {
      html.element("span", Units.count(count), "class", "count");
    }
    html.close().close();
  }

  private void verdict(Html html) throws IOException {
    long errors = count(Severity.ERROR);
    long warnings = count(Severity.WARNING);
    boolean taken =
        handovers.stream().allMatch(part -> part.candidate().consumed()) && !handovers.isEmpty();
    String style = errors > 0 ? "error" : warnings > 0 ? "warning" : taken ? "info" : "good";
    String headline =
        errors == 0 && warnings == 0
            ? taken ? "Consumed already" : "No errors"
            : errors == 0
                ? "No errors, " + Units.count(warnings, "warning", "warnings")
                : Units.count(errors, "error", "errors")
                    + (warnings == 0 ? "" : ", " + Units.count(warnings, "warning", "warnings"));
    String sentence =
        errors > 0
            ? "State is lost or wrong in the next kernel, or that kernel stops: each finding says which."
            : taken
                ? "The kernel whose memory this is has consumed this handover; nothing is left to"
                    + " check."
                : warnings > 0
                    ? "A kernel accepts the handover, but the findings show something unusual."
                    : "Everything that was checked is valid.";
    html.open("section", "class", "verdict " + style, "aria-label", "Verdict");
    html.element("p", headline, "class", "headline").element("p", sentence);
    html.open("p", "class", "checked");
    html.text("Checked: " + FindingView.summary(checked) + ".").close();
    for (String not : checked.unchecked()) {
      html.open("p", "class", "checked").text("Not checked: ").untrusted(not).text(".").close();
    }
    html.close();
  }

  private static String name(HandoverPart part) {
    Handover handover = part.handover();
    return handover.role() == Handover.Role.UNKNOWN
        ? "Handover at " + Units.address(handover.root().address())
        : handover.role() == Handover.Role.OUTGOING ? "Outgoing" : "Incoming";
  }

  private static void card(Html html, HandoverPart part) throws IOException {
    HandoverText text = part.text();
    html.open("section", "class", "card");
    html.open("h2").open("a", "href", "#" + part.prefix()).text(name(part)).close();
    html.open("span", "class", "tag")
        .untrusted(part.handover().root().compatible())
        .close()
        .close()
        .open("dl");
    fact(
        html,
        "written by",
        text.release() == null ? null : "Linux " + Units.orNoName(text.release()));
    fact(
        html,
        "preserved",
        Optional.ofNullable(text.summary())
            .map(summary -> Units.size(summary.blocks().bytes()))
            .orElse(null));
    if (text.luo().sessions() > 0) {
      fact(html, "sessions", Units.count(text.luo().sessions()));
      fact(html, "files", Units.count(text.luo().files()));
      fact(html, "in memfds", Units.size(Math.max(0, text.luo().memfdBytes())));
    }
    if (part.candidate().consumed()) {
      fact(html, "state", "consumed");
    } else if (text.errorCount() > 0) {
      fact(html, "unreadable", Units.count(text.errorCount(), "part", "parts"));
    }
    html.close().close();
  }

  private static void fact(Html html, String name, @Nullable String value) throws IOException {
    if (value != null) {
      html.open("div").element("dt", name).open("dd").untrusted(value).close().close();
    }
  }

  private void findings(Html html) throws IOException {
    html.line().open("section", "id", "findings").element("h2", "Findings");
    if (findings.isEmpty()) {
      html.element("p", "None. Every rule that could be checked holds.", "class", "note");
    }
    for (PageFinding finding : findings.subList(0, Math.min(MOST_FINDINGS, findings.size()))) {
      finding(html, finding);
    }
    long left = Math.max(0, findings.size() - MOST_FINDINGS);
    left += checked.unreported().values().stream().mapToLong(Long::longValue).sum();
    if (left > 0) {
      html.element(
          "p", "And " + Units.count(left) + " more: kho verify --all lists them.", "class", "note");
    }
    html.close();
  }

  private void finding(Html html, PageFinding finding) throws IOException {
    Rule rule = finding.finding().rule();
    html.line()
        .open("article", "id", finding.id(), "class", "finding " + finding.severity().label())
        .open("header")
        .element("span", finding.severity().label(), "class", "tag " + finding.severity().label())
        .open("h3")
        .element("a", rule.id(), "href", "#rule-" + rule.id())
        .close()
        .open("code", "class", "path")
        .path(finding.finding().path())
        .close()
        .open("span", "class", "at")
        .address(finding.address());
    Optional<HandoverPart> owner =
        handovers.stream().filter(part -> part.findings().contains(finding)).findFirst();
    if (owner.isPresent()) {
      HandoverPart part = owner.get();
      Optional<String> structure = part.structures().around(finding.finding().path());
      if (structure.isPresent()) {
        html.element("a", "structure", "href", "#" + structure.get(), "class", "go");
      }
      Optional<String> shown = part.picture().idAround(part.prefix(), finding.address());
      if (shown.isPresent()) {
        html.element("a", "in memory", "href", "#" + shown.get(), "class", "go");
      }
    }
    html.close().close();
    html.open("p", "class", "message").untrusted(finding.finding().message()).close();
    html.open("p", "class", "kernel").element("b", "A kernel: ").text(rule.kernel()).close();
    html.close();
  }

  private void handover(Html html, HandoverPart part) throws IOException {
    html.line().open("section", "id", part.prefix(), "class", "handover");
    html.open("h2").text(name(part) + " ");
    html.open("span", "class", "tag")
        .untrusted(part.handover().root().compatible())
        .close()
        .close();
    Optional<String> root = part.structures().around("/");
    html.open("dl", "class", "facts", "id", root.orElse(part.prefix() + "root"));
    html.raw(part.text().facts()).close();
    if (!part.picture().panels().isEmpty()) {
      html.element("h3", "Memory");
      new PictureHtml(part.picture(), part.prefix(), part.structures(), part.findings())
          .write(html);
    }
    if (!part.text().problems().isEmpty()) {
      html.element("h3", "What could not be read");
      html.raw(part.text().problems());
    }
    if (!part.text().body().isEmpty()) {
      html.element("h3", "Subtrees").raw(part.text().body());
    }
    html.close();
  }

  /** The rules that are broken, with what the documentation says of them. */
  private void rules(Html html) throws IOException {
    if (more > 0) {
      html.element(
          "p",
          "The source has "
              + Units.count(more, "more handover", "more handovers")
              + ": kho inspect shows them.",
          "class",
          "note");
    }
    SequencedSet<Rule> broken =
        findings.stream()
            .map(finding -> finding.finding().rule())
            .collect(Collectors.toCollection(LinkedHashSet::new));
    if (broken.isEmpty()) {
      return;
    }
    html.line().open("section", "id", "rules").element("h2", "Rules");
    html.element(
        "p", "The rules of the findings. kho verify --rules lists all rules.", "class", "note");
    for (Rule rule : broken) {
      html.line()
          .open("article", "class", "rule", "id", "rule-" + rule.id())
          .element("h3", rule.id())
          .element("p", rule.sentence())
          .open("dl")
          .element("dt", "If broken")
          .element("dd", rule.kernel())
          .element("dt", "Remedy")
          .element("dd", rule.remedy())
          .close()
          .close();
    }
    html.close();
  }
}
