package org.kho4j.cli.abi.reference;

import static org.kho4j.cli.abi.reference.Markdown.code;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.cli.output.Units;

/** The layouts of a component, a column each, and what differs between them, a row each. */
final class SideBySide<T> {

  private final List<T> layouts;
  private final List<String> head = new ArrayList<>(List.of(""));
  private final List<List<String>> rows = new ArrayList<>();

  private SideBySide(List<T> layouts, Function<T, String> id) {
    this.layouts = layouts;
    layouts.forEach(layout -> head.add(code(id.apply(layout))));
  }

  /** Adds a row; a cell that differs from the layout to the left is bold. */
  private SideBySide<T> row(String name, Function<T, String> cell) {
    List<String> row = new ArrayList<>(List.of(name));
    String left = null;
    for (T layout : layouts) {
      String text = cell.apply(layout);
      row.add(left == null || text.equals(left) ? text : "**" + text + "**");
      left = text;
    }
    rows.add(row);
    return this;
  }

  private SideBySide<T> releases(Function<T, String> cell) {
    List<String> row = new ArrayList<>(List.of("releases"));
    layouts.forEach(layout -> row.add(cell.apply(layout)));
    rows.add(row);
    return this;
  }

  private String table() {
    return Markdown.table(head, rows);
  }

  static String kho() {
    return new SideBySide<>(KhoLayout.all(), KhoLayout::id)
        .releases(layout -> layout.releases().toString())
        .row(
            "a subtree's node has",
            layout ->
                Stream.of(layout.version().addressProperty(), layout.version().sizeProperty())
                    .filter(property -> property != null)
                    .map(property -> Markdown.code(property.name()))
                    .collect(Collectors.joining(", ")))
        .row(
            "a blob's size",
            layout ->
                layout.version().sizeProperty() == null
                    ? "its own FDT header's"
                    : "the node's; any format")
        .row("map", layout -> map(layout.map()))
        .row(
            "the map is written",
            layout -> layout.version().finalized() ? "when finalized" : "all the time")
        .row(
            "the root FDT is written",
            layout ->
                layout.has(KhoFeature.SEQUENTIAL_ROOT)
                    ? "front to back, when finalized"
                    : "edited in place")
        .row("vmalloc areas", layout -> yes(layout.has(KhoFeature.VMALLOC)))
        .row("kexec-metadata", layout -> yes(layout.has(KhoFeature.METADATA)))
        .row(
            "page runs split at NUMA borders", layout -> yes(layout.has(KhoFeature.SPLIT_AT_NODES)))
        .row("KHO blocks", layout -> yes(layout.has(KhoFeature.BLOCKS)))
        .table();
  }

  private static String map(MapForm form) {
    return form.isRadix()
        ? "tree of " + sizes(form::depth) + " levels"
        : "list of bitmaps of " + sizes(form::bitmapBytes) + " bytes";
  }

  static String luo() {
    return new SideBySide<>(LuoVersion.ALL, LuoVersion::id)
        .releases(version -> version.releases().toString())
        .row(
            "the blob is",
            version ->
                switch (version.head()) {
                  case FDT -> "a device tree with addresses";
                  case FDT_POINTER -> "a device tree with one pointer";
                  case STRUCTURE -> "a structure";
                })
        .row("FLBs", version -> yes(version.flbs()))
        .row("sessions", version -> list(version.sessionList(), "sessions"))
        .row("files of a session", version -> list(version.fileList(), "files"))
        .table();
  }

  private static String list(Structure list, String what) {
    String form = list.has(KhoBlock.COUNT) ? "blocks of " : "array for ";
    return form + sizes(list::capacity) + " " + what;
  }

  static String memfd() {
    return new SideBySide<>(MemfdVersion.ALL, MemfdVersion::compatible)
        .releases(version -> version.releases().toString())
        .row("bytes of the structure", version -> "" + version.structure().headerSize())
        .row("seals", version -> yes(version.structure().has(MemfdSer.SEALS)))
        .row(
            "folio flags",
            version ->
                version.folioFlagsVary() ? "as they were in 6.19, both set in 7.0" : "both set")
        .table();
  }

  private static String yes(boolean has) {
    return has ? "yes" : "no";
  }

  /** A number for each page size, or one for all. */
  static String sizes(Function<PageSize, ? extends Number> number) {
    List<String> numbers =
        Stream.of(PageSize.values())
            .map(size -> Units.count(number.apply(size).longValue()))
            .toList();
    return numbers.stream().distinct().count() == 1
        ? numbers.getFirst()
        : String.join(" / ", numbers);
  }
}
