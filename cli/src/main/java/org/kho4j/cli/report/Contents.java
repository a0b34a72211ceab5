package org.kho4j.cli.report;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongFunction;
import org.kho4j.cli.inspect.View.WalkedArea;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.map.OrderCounts;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.Where;

/**
 * Subtrees and their tables, as HTML. Kept until the page is written, so long tables are cut, but
 * for what has a finding.
 */
final class Contents {

  /** Subtrees, reservations, sessions and files, in all. */
  private static final int MOST_ROWS = 1000;

  private final Structures structures;
  private final Set<String> wanted;
  private final LongFunction<Optional<String>> picture;
  private final StringBuilder text = new StringBuilder();
  private final Html html = new Html(text);
  private int rows;

  /**
   * Nothing yet.
   *
   * @param wanted paths of structures that are shown, however long a table is
   * @param picture tells the id of the picture of an address
   */
  Contents(Structures structures, Set<String> wanted, LongFunction<Optional<String>> picture) {
    this.structures = structures;
    this.wanted = wanted;
    this.picture = picture;
  }

  Html html() {
    return html;
  }

  CharSequence text() {
    return text;
  }

  /** The id for the part of the page that is about a structure. */
  String id(Where where) {
    return structures.add(where);
  }

  /** Returns whether there is room for a row about a structure, or it is wanted all the same. */
  boolean takes(Where where) {
    return rows++ < MOST_ROWS || wanted.contains(where.toString());
  }

  /** Begins a subtree; its element is still open. */
  Html subtree(Subtree subtree, String kind) throws IOException {
    html.line()
        .open("article", "class", "subtree", "id", structures.add(subtree.where()))
        .open("header")
        .open("h4")
        .untrusted(subtree.name())
        .close()
        .element("span", kind, "class", "kind")
        .element("span", size(subtree.size()), "class", "kind")
        .open("span", "class", "at");
    place(html, subtree.address()).close().close();
    return html;
  }

  /** An address, and the way to where the picture shows it. */
  Html place(Html out, long address) throws IOException {
    out.address(address);
    Optional<String> id = picture.apply(address);
    if (id.isPresent()) {
      out.element(
          "a", "show", "href", "#" + id.get(), "class", "go", "title", "Where it is in memory");
    }
    return out;
  }

  static Html fact(Html out, String name) throws IOException {
    return out.open("div").element("dt", name).open("dd");
  }

  /** Counts of blocks by size, as {@code 29 × 4 KiB}. */
  static CharSequence orders(OrderCounts counts) throws IOException {
    StringBuilder text = new StringBuilder();
    Html out = new Html(text).open("ul", "class", "orders");
    StringBuilder problem = new StringBuilder();
    counts.forEach((order, blockBytes, blocks) ->
        problem
            .append("<li>")
            .append(Units.count(blocks))
            .append("&nbsp;×&nbsp;")
            .append(Units.size(blockBytes).replace(" ", "&nbsp;"))
            .append("</li>"));
    out.raw(problem).close();
    return text;
  }

  static String size(long bytes) {
    return bytes < 0 ? "impossible size" : Units.size(bytes);
  }

  Html area(WalkedArea read) throws IOException {
    PreservedArea area = read.area();
    if (area.descriptor().totalPages() == 0) {
      return html.element("span", "none", "class", "faint");
    }
    html.text(Units.count(area.descriptor().totalPages(), "page", "pages"));
    if (area.descriptor().order() != 0) {
      html.text(" of order " + area.descriptor().order());
    }
    if (read.chunks() != null) {
      html.text(", " + Units.count(read.chunks(), "chunk", "chunks"));
    }
    return place(html.text(" from "), area.descriptor().first());
  }

  void table(String caption, String... columns) throws IOException {
    html.open("div", "class", "scroll", "role", "region", "aria-label", caption, "tabindex", "0")
        .open("table")
        .element("caption", caption)
        .open("thead")
        .open("tr");
    for (String column : columns) {
      boolean number = column.equals("Size") || column.equals("References");
      html.element("th", column, "scope", "col", "class", number ? "number" : "text");
    }
    html.close().close();
  }

  void endTable() throws IOException {
    html.close().close();
  }

  Html row(Where where) throws IOException {
    return html.line().open("tr", "id", structures.add(where));
  }

  Html number(String number) throws IOException {
    return html.element("td", number, "class", "number");
  }

  void more(long left, int columns, String one, String many) throws IOException {
    if (left > 0) {
      html.open("tr")
          .element(
              "td",
              "and " + Units.count(left, "more " + one, "more " + many),
              "colspan",
              Integer.toString(columns),
              "class",
              "faint")
          .close();
    }
  }

  /** Says so where tables were cut. */
  void noteCut() throws IOException {
    if (rows > MOST_ROWS) {
      html.element(
          "p",
          "This page shows the first %,d subtrees, reservations, sessions and files, and those with findings; kho"
                  .formatted(MOST_ROWS)
              + " inspect --all has all.",
          "class",
          "note");
    }
  }
}
