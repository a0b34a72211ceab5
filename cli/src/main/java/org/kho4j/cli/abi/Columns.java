package org.kho4j.cli.abi;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A table of text whose last column wraps. */
final class Columns {

  private static final int GAP = 2;
  private static final int NARROWEST_LAST = 24;

  private final List<List<String>> rows = new ArrayList<>();

  Columns row(Object... cells) {
    rows.add(Stream.of(cells).map(Object::toString).toList());
    return this;
  }

  Columns row(String first, Stream<String> others) {
    rows.add(Stream.concat(Stream.of(first), others).toList());
    return this;
  }

  /**
   * The table, each line behind {@code indent} spaces and no wider than {@code width} if that can
   * be.
   */
  String render(int indent, int width) {
    int last = rows.getFirst().size() - 1;
    int[] widths = new int[last];
    int left = indent;
    for (int column = 0; column < last; column++) {
      for (List<String> row : rows) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
      left += widths[column] + GAP;
    }
    StringBuilder out = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(" ".repeat(indent));
      for (int column = 0; column < last; column++) {
        line.append(row.get(column));
        line.append(" ".repeat(widths[column] + GAP - row.get(column).length()));
      }
      for (String part : wrap(row.get(last), Math.max(width - left, NARROWEST_LAST))) {
        out.append((line + part).stripTrailing()).append('\n');
        line = new StringBuilder(" ".repeat(left));
      }
    }
    return out.toString();
  }

  /** The words of a text in lines of at most that width; a longer word has its own line. */
  static List<String> wrap(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }
}
