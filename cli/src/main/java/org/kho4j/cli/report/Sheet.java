package org.kho4j.cli.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.report.Picture.Look;

/**
 * Cells in rows of 64, as SVG. Cells that look the same are one path, in which neighbours are one
 * line: a sheet of few runs is small, and none has more than a few kilobytes.
 */
final class Sheet {

  private static final int COLUMNS = Picture.COLUMNS;

  private final String name;
  private final byte[] owners;
  private final byte[] sizes;
  private final List<Mark> marks = new ArrayList<>();

  /**
   * Some cells that say more, or lead somewhere.
   *
   * @param target id of a part of the page; null if they lead nowhere
   */
  private record Mark(int first, int count, @Nullable String target, String title, String style) {}

  /**
   * A sheet.
   *
   * @param name for those who cannot see it
   * @param owners the cells' {@link Look}s by owner
   * @param sizes the same by size of block
   */
  Sheet(String name, byte[] owners, byte[] sizes) {
    this.name = name;
    this.owners = owners;
    this.sizes = sizes;
  }

  /** Some cells have a title, and may lead to another part of the page. */
  void mark(int first, int count, @Nullable String target, String title) {
    marks.add(new Mark(first, count, target, title, "hit"));
  }

  /** A cell has a finding. */
  void finding(int cell, PageFinding finding) {
    String style = "alarm " + finding.severity().label();
    marks.add(new Mark(cell, 1, finding.id(), finding.title(), style));
  }

  void write(Html out) throws IOException {
    int columns = Math.min(owners.length, COLUMNS);
    int rows = Math.ceilDiv(owners.length, COLUMNS);
    String role = marks.stream().anyMatch(mark -> mark.target != null) ? "group" : "img";
    out.open(
        "svg",
        "viewBox",
        "0 0 " + COLUMNS + " " + rows,
        "class",
        "sheet",
        "role",
        role,
        "aria-label",
        name);
    out.open("g", "transform", "translate(0 .5)");
    lines(out, "memory", cell -> Look.isMemory(owners[cell]));
    out.open("g", "class", "by-owner");
    for (Owner owner : Owner.ALL) {
      looks(out, owner.style(), owners, owner.number());
    }
    dots(out, "dot", cell -> Look.hasMetadata(owners[cell]));
    out.close().open("g", "class", "by-size");
    for (BlockSize size : BlockSize.ALL) {
      looks(out, size.style(), sizes, size.number());
    }
    out.close().close();
    out.open("rect", "class", "grid", "width", "" + columns, "height", "" + rows).close();
    for (Mark mark : marks) {
      write(out, mark);
    }
    out.close();
  }

  private void looks(Html out, String style, byte[] looks, int value) throws IOException {
    lines(out, style, cell -> Look.value(looks[cell]) == value && Look.isMostly(looks[cell]));
    lines(
        out,
        style + " thin",
        cell -> Look.value(looks[cell]) == value && !Look.isMostly(looks[cell]));
  }

  private void lines(Html out, String style, IntPredicate chosen) throws IOException {
    StringBuilder path = new StringBuilder();
    for (int cell = 0; cell < owners.length; ) {
      int end = cell;
      int rowEnd = Math.min(owners.length, (cell / COLUMNS + 1) * COLUMNS);
      while (end < rowEnd && chosen.test(end)) {
        end++;
      }
      if (end > cell) {
        path.append('M').append(cell % COLUMNS).append(' ').append(cell / COLUMNS);
        path.append('h').append(end - cell);
      }
      cell = Math.max(cell + 1, end);
    }
    path(out, style, path);
  }

  /** Lines of no length, which round ends make visible. */
  private void dots(Html out, String style, IntPredicate chosen) throws IOException {
    StringBuilder path = new StringBuilder();
    for (int cell = 0; cell < owners.length; cell++) {
      if (chosen.test(cell)) {
        path.append('M').append(cell % COLUMNS).append(".5 ").append(cell / COLUMNS).append("h0");
      }
    }
    path(out, style, path);
  }

  private static void path(Html out, String style, StringBuilder path) throws IOException {
    if (!path.isEmpty()) {
      out.open("path", "class", style, "d", path.toString()).close();
    }
  }

  private static void write(Html out, Mark mark) throws IOException {
    StringBuilder path = new StringBuilder();
    int end = mark.first + mark.count;
    for (int cell = mark.first; cell < end; ) {
      int width = Math.min(end, (cell / COLUMNS + 1) * COLUMNS) - cell;
      path.append('M').append(cell % COLUMNS).append(' ').append(cell / COLUMNS);
      path.append('h').append(width).append("v1h-").append(width).append('z');
      cell += width;
    }
    if (mark.target != null) {
      out.open("a", "href", "#" + mark.target);
    }
    out.open("path", "class", mark.style, "d", path.toString())
        .open("title")
        .untrusted(mark.title)
        .close()
        .close();
    if (mark.target != null) {
      out.close();
    }
  }
}
