package org.kho4j.fleet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.report.Html;

/** One page of HTML that needs nothing else: the matrix, and behind each cell its worst hosts. */
final class MatrixPage {

  /** Most groups that are shown: the worst. */
  static final int GROUPS = 200;

  private static final String STYLE =
      """
      :root{color-scheme:light dark}
      body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em}
      table{border-collapse:collapse;width:100%}
      th,td{text-align:left;vertical-align:top;padding:.35em .6em;border:1px solid #8886}
      td a{color:inherit;text-decoration:none;display:block}
      td a:hover{text-decoration:underline}
      .panic,.corrupt{background:#d33a2c;color:#fff}
      .unreachable,.lost{background:#e8842a;color:#000}
      .error,.unknown{background:#e9d36b;color:#000}
      .degraded{background:#cfe39a;color:#000}
      .ok{background:#8fce93;color:#000}
      .why{overflow-wrap:anywhere}
      section:target{outline:3px solid #36c}
      code{font-size:90%;overflow-wrap:anywhere}
      """;

  private final FleetRun.Result result;
  private final Matrix matrix;
  private final List<String> groups;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final StringBuilder page = new StringBuilder();
  private final Html html = new Html(page);

  private MatrixPage(FleetRun.Result result) {
    this.result = result;
    this.matrix = result.matrix();
    List<String> all = matrix.groups();
    this.groups = all.subList(0, Math.min(GROUPS, all.size()));
  }

  static String of(FleetRun.Result result) throws IOException {
    return new MatrixPage(result).make();
  }

  private String make() throws IOException {
    page.append("<!DOCTYPE html>\n");
    html.open("html", "lang", "en").open("head").mark("meta", "charset", "utf-8");
    html.mark("meta", "name", "viewport", "content", "width=device-width");
    html.element("title", "kho fleet").open("style").raw(STYLE).close().close().open("body");
    html.element("h1", "Which hosts can go to which kernel?");
    html.element(
        "p",
        "%s, %s. A cell has its hosts by verdict, worst first, and leads to the worst of them. Groups are sorted worst first."
            .formatted(
                Units.count(result.files(), "host", "hosts"),
                Units.count(matrix.kernels().size(), "kernel", "kernels")));
    table();
    int hidden = matrix.groups().size() - groups.size();
    if (hidden > 0) {
      html.element(
          "p",
          "%s more, better than these, are in the table verdicts."
              .formatted(Units.count(hidden, "group", "groups")));
    }
    Map<String, List<FleetRun.ListedHost>> listed = new HashMap<>();
    result
        .worst()
        .forEach(host ->
            listed
                .computeIfAbsent(id(host.group(), host.kernel()), _ -> new ArrayList<>())
                .add(host));
    for (String kernel : matrix.kernels()) {
      for (String group : groups) {
        section(group, kernel, listed.getOrDefault(id(group, kernel), List.of()));
      }
    }
    html.close().close().line();
    return page.toString();
  }

  private void table() throws IOException {
    html.open("table").open("thead").open("tr").element("th", "group");
    for (String kernel : matrix.kernels()) {
      html.open("th").untrusted(kernel).close();
    }
    html.close().close().open("tbody");
    html.open("tr").element("th", "all");
    for (String kernel : matrix.kernels()) {
      cell(matrix.total(kernel), "");
    }
    html.close().line();
    for (String group : groups) {
      html.open("tr").open("th").untrusted(name(group)).close();
      for (String kernel : matrix.kernels()) {
        cell(matrix.cell(group, kernel), id(group, kernel));
      }
      html.close().line();
    }
    html.close().close();
  }

  private void cell(Map<String, Long> hosts, String id) throws IOException {
    String worst = hosts.keySet().stream().findFirst().orElse("");
    html.open("td", "class", worst);
    if (!id.isEmpty()) {
      html.open("a", "href", "#" + id);
    }
    boolean first = true;
    for (Map.Entry<String, Long> answer : hosts.entrySet()) {
      html.text((first ? "" : ", ") + Units.count(answer.getValue()) + " " + answer.getKey());
      first = false;
    }
    if (!id.isEmpty()) {
      html.close();
    }
    html.close();
  }

  private void section(String group, String kernel, List<FleetRun.ListedHost> hosts)
      throws IOException {
    if (hosts.isEmpty()) {
      return;
    }
    html.open("section", "id", id(group, kernel));
    html.open("h2").untrusted(name(group)).text(" to ").untrusted(kernel).close();
    html.open("table").open("tbody");
    for (FleetRun.ListedHost host : hosts) {
      html.open("tr").open("td").open("code", "title", Units.printable(host.path()));
      html.untrusted(host.host()).close().close();
      html.element("td", host.answer(), "class", host.answer());
      html.open("td", "class", "why").untrusted(host.because()).close().close().line();
    }
    html.close().close();
    long more =
        matrix.cell(group, kernel).values().stream().mapToLong(Long::longValue).sum()
            - hosts.size();
    if (more > 0) {
      html.element("p", "and " + Units.count(more, "more host", "more hosts"));
    }
    html.close().line();
  }

  private static String name(String group) {
    return group.isEmpty() ? "-" : group;
  }

  /** The anchor of a cell, which has no characters of names. */
  private String id(String group, String kernel) {
    return "c" + number(group) + "-" + matrix.kernels().indexOf(kernel);
  }

  private int number(String group) {
    Integer known = numbers.get(group);
    if (known == null) {
      known = numbers.size();
      numbers.put(group, known);
    }
    return known;
  }
}
