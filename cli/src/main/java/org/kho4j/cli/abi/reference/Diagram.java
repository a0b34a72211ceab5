package org.kho4j.cli.abi.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.kho4j.abi.Field;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/** Draws a structure: eight bytes to a row, offsets at the left. */
public final class Diagram {

  private static final int ROW = 8;
  private static final int BYTE_WIDTH = 6;
  private static final String MARGIN = " ".repeat(9);

  private final StringBuilder out = new StringBuilder();

  /** The columns of the vertical lines in the row above. */
  private SortedSet<Integer> above = new TreeSet<>();

  private Diagram() {}

  /** A named run of bytes. */
  private record Span(String name, int start, int end) {}

  /** The structure on a kernel with that page size. Lines end in a line feed. */
  public static String of(Structure structure, PageSize pageSize) {
    List<Span> spans = new ArrayList<>();
    for (Field field : structure.fields()) {
      spans.add(new Span(label(field), field.offset(), field.end()));
    }
    Field elements = structure.elements();
    Diagram diagram = new Diagram();
    diagram.scale();
    if (elements == null) {
      diagram.rows(spans);
    } else if (elements.type() == Field.Type.BYTES) {
      spans.add(new Span(elements.name(), structure.headerSize(), structure.size(pageSize)));
      diagram.rows(spans);
    } else {
      spans.add(element(structure, elements, 0));
      spans.add(element(structure, elements, 1));
      diagram.rows(spans);
      diagram.ellipsis();
      Span last = element(structure, elements, structure.capacity(pageSize) - 1);
      List<Span> end = new ArrayList<>(List.of(last));
      if (structure.unused(pageSize) > 0) {
        end.add(new Span("unused", last.end, structure.size(pageSize)));
      }
      diagram.rows(end);
    }
    String condition = elements == null ? "" : ", with " + pageSize + " pages";
    diagram.out.append("%7d  end%s".formatted(structure.size(pageSize), condition));
    return diagram.out.append('\n').toString();
  }

  private static Span element(Structure structure, Field elements, int index) {
    int offset = structure.headerSize() + index * elements.size();
    return new Span(elements.name() + "[" + index + "]", offset, offset + elements.size());
  }

  private static String label(Field field) {
    boolean array = field.size() > field.type().unit();
    return array ? field.name() + " (" + field.size() + " bytes)" : field.name();
  }

  private void scale() {
    out.append(MARGIN);
    for (int i = 0; i < ROW; i++) {
      out.append("%-6d".formatted(i));
    }
    out.setLength(out.length() - BYTE_WIDTH + 1);
    out.append('\n');
  }

  private void rows(List<Span> spans) {
    int end = spans.getLast().end;
    for (int row = spans.getFirst().start / ROW * ROW; row < end; row += ROW) {
      int at = row;
      boolean inside = spans.stream().anyMatch(span -> span.start < at && span.end >= at + ROW);
      boolean next = spans.stream().anyMatch(span -> span.start < at && span.end >= at + 2 * ROW);
      if (inside && next) {
        continue;
      }
      if (inside) {
        ellipsis();
      } else {
        row(spans, row);
      }
    }
    rule(new TreeSet<>());
  }

  private void row(List<Span> spans, int row) {
    StringBuilder line = new StringBuilder(" ".repeat(ROW * BYTE_WIDTH + 1));
    SortedSet<Integer> edges = new TreeSet<>();
    for (Span span : spans) {
      int from = Math.max(span.start, row);
      int to = Math.min(span.end, row + ROW);
      if (from < to) {
        int left = (from - row) * BYTE_WIDTH;
        int right = (to - row) * BYTE_WIDTH;
        edges.add(left);
        edges.add(right);
        line.setCharAt(left, '|');
        line.setCharAt(right, '|');
        String text = span.start >= row ? span.name : "...";
        String fitting = text.substring(0, Math.min(text.length(), right - left - 2));
        line.replace(left + 2, left + 2 + fitting.length(), fitting);
      }
    }
    rule(edges);
    out.append("%7d  ".formatted(row)).append(line.toString().stripTrailing()).append('\n');
  }

  private void rule(SortedSet<Integer> below) {
    SortedSet<Integer> edges = new TreeSet<>(above);
    edges.addAll(below);
    above = below;
    if (edges.isEmpty()) {
      return;
    }
    char[] line = new char[edges.last() + 1];
    for (int x = 0; x < line.length; x++) {
      line[x] = edges.contains(x) ? '+' : x < edges.first() ? ' ' : '-';
    }
    out.append(MARGIN).append(line).append('\n');
  }

  private void ellipsis() {
    out.append(MARGIN).append(':').append(" ".repeat(ROW * BYTE_WIDTH - 1)).append(":\n");
    above = new TreeSet<>(List.of(0, ROW * BYTE_WIDTH));
  }
}
