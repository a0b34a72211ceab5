package org.kho4j.cli.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.report.Picture.Gigabyte;
import org.kho4j.cli.report.Picture.Look;
import org.kho4j.cli.report.Picture.Pages;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Severity;

/** A {@link Picture} as HTML: legend, overview, gigabytes, and the pages of single cells. */
final class PictureHtml {

  /** More are shown one at a time: the one that was clicked. */
  private static final int MOST_AT_ONCE = 8;

  private final Picture picture;
  private final String prefix;
  private final Structures structures;
  private final List<PageFinding> alarms;

  /**
   * A picture to be written.
   *
   * @param prefix of its ids
   * @param structures that its pages lead to
   * @param findings of the handover: errors and warnings are marked
   */
  PictureHtml(Picture picture, String prefix, Structures structures, List<PageFinding> findings) {
    this.picture = picture;
    this.prefix = prefix;
    this.structures = structures;
    this.alarms = findings.stream().filter(finding -> finding.severity() != Severity.INFO).toList();
  }

  void write(Html out) throws IOException {
    List<Gigabyte> panels = picture.panels();
    out.line().open("div", "class", "picture");
    legend(out);
    if (picture.gigabytes().size() > 1) {
      overview(out);
    }
    boolean one = panels.size() > MOST_AT_ONCE;
    out.open("div", "class", one ? "panels one" : "panels");
    for (Gigabyte panel : panels) {
      panel(out, panel);
    }
    out.close();
    if (picture.notShown() != null) {
      out.element("p", picture.notShown(), "class", "note");
    }
    out.close();
  }

  private void legend(Html out) throws IOException {
    out.open("fieldset", "class", "lens").element("legend", "Colour by");
    choice(out, "owner", true);
    choice(out, "size", false);
    out.close();
    out.open("ul", "class", "legend by-owner");
    for (Owner owner : Owner.ALL) {
      entry(out, owner.style(), owner.label(), picture.ownerBytes()[owner.number()]);
    }
    if (picture.hasDots()) {
      out.open("li")
          .open("svg", "viewBox", "0 0 1 1", "class", "swatch", "aria-hidden", "true")
          .open("path", "class", "dot", "d", "M.5 .5h0")
          .close()
          .close()
          .text("has metadata, too")
          .close();
    }
    out.close().open("ul", "class", "legend by-size");
    for (BlockSize size : BlockSize.ALL) {
      String label = "blocks of " + size.label(picture.pageSize());
      entry(out, size.style(), label, picture.sizeBytes()[size.number()]);
    }
    out.close();
  }

  private void choice(Html out, String what, boolean checked) throws IOException {
    String[] attributes = {
      "type", "radio", "name", prefix + "lens", "class", "lens-" + what, "checked", "checked"
    };
    out.open("label")
        .mark("input", checked ? attributes : Arrays.copyOf(attributes, 6))
        .text(what.equals("owner") ? "owner" : "size of block")
        .close();
  }

  private static void entry(Html out, String style, String label, long bytes) throws IOException {
    if (bytes == 0) {
      return;
    }
    out.open("li")
        .open("svg", "viewBox", "0 0 1 1", "class", "swatch", "aria-hidden", "true")
        .open("path", "class", style, "d", "M0 .5h1")
        .close()
        .close()
        .text(label)
        .open("b")
        .text(Units.size(bytes))
        .close()
        .close();
  }

  /** The source by gigabytes; rows of 64 GiB without any memory are left out. */
  private void overview(Html out) throws IOException {
    TreeMap<Long, List<Gigabyte>> rows = new TreeMap<>();
    for (Gigabyte gigabyte : picture.gigabytes()) {
      rows.computeIfAbsent(gigabyte.number() / Picture.COLUMNS, row -> new ArrayList<>())
          .add(gigabyte);
    }
    int columns =
        rows.size() > 1 || rows.firstKey() > 0
            ? Picture.COLUMNS
            : (int) picture.gigabytes().getLast().number() + 1;
    byte[] owners = new byte[rows.size() * columns];
    byte[] sizes = new byte[owners.length];
    Sheet sheet = new Sheet("Memory by gigabytes", owners, sizes);
    List<Long> labels = new ArrayList<>();
    for (List<Gigabyte> row : rows.values()) {
      int start = labels.size() * columns;
      labels.add(row.getFirst().address() & -(64L << Picture.GIGABYTE_SHIFT));
      for (Gigabyte gigabyte : row) {
        int cell = start + (int) (gigabyte.number() % Picture.COLUMNS);
        owners[cell] = gigabyte.owner();
        sizes[cell] = gigabyte.size();
        if (gigabyte.owners() != null) {
          String title = Units.address(gigabyte.address()) + ": " + contents(gigabyte);
          sheet.mark(cell, 1, gigabyte.id(prefix), title);
        }
        alarms.stream()
            .filter(one -> one.address() >>> Picture.GIGABYTE_SHIFT == gigabyte.number())
            .findFirst()
            .ifPresent(finding -> sheet.finding(cell, finding));
      }
    }
    figure(
        out, "The whole source: each cell is a gigabyte, and links to its picture.", labels, sheet);
  }

  private static String contents(Gigabyte gigabyte) {
    StringBuilder text = new StringBuilder();
    for (Owner owner : Owner.ALL) {
      long bytes = gigabyte.ownerBytes()[owner.number()];
      if (bytes > 0) {
        text.append(text.isEmpty() ? "" : ", ");
        text.append(Units.size(bytes)).append(' ').append(owner.label());
      }
    }
    return text.toString();
  }

  private static void figure(Html out, String caption, List<Long> labels, Sheet sheet)
      throws IOException {
    out.line().open("figure").element("figcaption", caption).open("div", "class", "sheet-box");
    out.open("div", "class", "rows", "aria-hidden", "true");
    for (long label : labels) {
      out.element("span", Units.address(label));
    }
    out.close();
    sheet.write(out);
    out.close().close();
  }

  private static List<Long> labels(long address, int cells, long bytes) {
    List<Long> labels = new ArrayList<>();
    for (int cell = 0; cell < cells; cell += Picture.COLUMNS) {
      labels.add(address + cell * bytes);
    }
    return labels;
  }

  private void panel(Html out, Gigabyte gigabyte) throws IOException {
    byte[] owners = gigabyte.owners();
    byte[] sizes = gigabyte.sizes();
    if (owners == null || sizes == null) {
      return;
    }
    long address = gigabyte.address();
    int cells = end(owners);
    Sheet sheet =
        new Sheet(
            "Gigabyte at " + Units.address(address),
            Arrays.copyOf(owners, cells),
            Arrays.copyOf(sizes, cells));
    for (Pages pages : gigabyte.pages()) {
      sheet.mark(
          (int) pages.number() & (Picture.CELLS - 1),
          1,
          pages.id(prefix),
          Units.address(pages.address()) + ", page by page");
    }
    for (PageFinding finding : alarms) {
      if (finding.address() >>> Picture.GIGABYTE_SHIFT == gigabyte.number()) {
        sheet.finding(
            (int) (finding.address() >>> Picture.CELL_SHIFT) & (Picture.CELLS - 1), finding);
      }
    }
    out.line().open("section", "id", gigabyte.id(prefix), "class", "panel");
    out.open("h4").text("Gigabyte at ").address(address).close();
    if (picture.panels().size() > 1) {
      out.element("p", contents(gigabyte), "class", "contents");
    }
    figure(
        out,
        "Each cell is 2 MiB; it is thin if less than half of it is in use.",
        labels(address, cells, 1L << Picture.CELL_SHIFT),
        sheet);
    for (Pages pages : gigabyte.pages()) {
      pages(out, pages);
    }
    out.close();
  }

  /** The end of the last row that has memory. */
  private static int end(byte[] looks) {
    int end = looks.length;
    while (end > Picture.COLUMNS && !Look.isMemory(looks[end - 1])) {
      end--;
    }
    return Math.ceilDiv(end, Picture.COLUMNS) * Picture.COLUMNS;
  }

  private void pages(Html out, Pages pages) throws IOException {
    int count = pages.owners().length;
    byte[] owners = new byte[count];
    byte[] sizes = new byte[count];
    for (int page = 0; page < count; page++) {
      owners[page] = Look.of(pages.owners()[page] - 1, true, false, true);
      sizes[page] = Look.of(pages.sizes()[page] - 1, true, false, true);
    }
    long address = pages.address();
    Sheet sheet = new Sheet("Pages from " + Units.address(address) + " on", owners, sizes);
    for (int page = 0; page < count; ) {
      int end = page + 1;
      while (end < count
          && pages.owners()[end] == pages.owners()[page]
          && pages.places()[end] == pages.places()[page]) {
        end++;
      }
      if (pages.owners()[page] != 0) {
        name(sheet, pages, page, end);
      }
      page = end;
    }
    int shift = picture.pageSize().shift();
    for (PageFinding finding : alarms) {
      if (finding.address() >>> Picture.CELL_SHIFT == pages.number()) {
        sheet.finding((int) (finding.address() >>> shift) & (count - 1), finding);
      }
    }
    out.line().open("div", "id", pages.id(prefix), "class", "pages");
    String caption =
        "%s to %s: each cell is a page of %s."
            .formatted(
                Units.address(address),
                Units.address(address + (1L << Picture.CELL_SHIFT) - 1),
                Units.size(1L << shift));
    figure(out, caption, labels(address, count, 1L << shift), sheet);
    out.close();
  }

  private void name(Sheet sheet, Pages pages, int first, int end) {
    Where place = pages.places()[first];
    Owner owner = Owner.ALL.get(pages.owners()[first] - 1);
    long start = pages.address() + ((long) first << picture.pageSize().shift());
    long bytes = (long) (end - first) << picture.pageSize().shift();
    String range = Units.address(start) + ", " + Units.size(bytes) + ": ";
    if (place == null) {
      sheet.mark(first, end - first, null, range + owner.label());
      return;
    }
    String path = place.toString();
    String target = structures.around(path).orElse(null);
    sheet.mark(first, end - first, target, range + (path.equals("/") ? "root FDT" : path));
  }
}
