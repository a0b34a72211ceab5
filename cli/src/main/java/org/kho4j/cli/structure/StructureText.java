package org.kho4j.cli.structure;

import static org.kho4j.cli.output.Text.Style.ADDRESS;
import static org.kho4j.cli.output.Text.Style.FAINT;
import static org.kho4j.cli.output.Text.Style.HEADING;
import static org.kho4j.cli.output.Text.Style.NAME;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.kho4j.abi.Field;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;

/** Structures, for people: a line for each value, with its bytes. */
final class StructureText {

  private static final HexFormat HEX = HexFormat.ofDelimiter(" ");
  private static final int BYTES_SHOWN = 16;

  private final Text out;

  StructureText(Text out) {
    this.out = out;
  }

  void path(String path, String name, long address) throws IOException {
    out.put(ADDRESS, "%-14s".formatted(Units.address(address)))
        .put("%-24s ".formatted(name))
        .put(NAME, Units.printablePath(path))
        .line();
  }

  void endOfPaths(long more) throws IOException {
    if (more > 0) {
      out.line("and " + Units.count(more) + " more: --all");
    }
  }

  void show(StructureSearch search, PointerNames names) throws IOException {
    boolean first = true;
    for (ShownStructure structure : search.found()) {
      if (!first) {
        out.line();
      }
      first = false;
      show(structure, names);
    }
    if (search.more() > 0) {
      out.line(
          "and "
              + Units.count(search.more(), "more structure", "more structures")
              + " with this path");
    }
  }

  private void show(ShownStructure structure, PointerNames names) throws IOException {
    out.put(HEADING, Units.printablePath(structure.path()))
        .put(": ")
        .put(structure.name())
        .put(" at ")
        .address(structure.address())
        .put(", ")
        .size(structure.bytes())
        .line();
    int width = 0;
    for (FieldRow row : structure.rows()) {
      width = Math.max(width, Math.min(40, Units.printable(row.name()).length()));
    }
    for (FieldRow row : structure.rows()) {
      row(row, width, names.of(row));
    }
    if (structure.moreElements() > 0) {
      out.line("  and " + Units.count(structure.moreElements()) + " more: --all");
    }
  }

  private void row(FieldRow row, int width, List<String> targets) throws IOException {
    String label = Units.printable(row.name());
    out.put("  ")
        .put(FAINT, "%-7s".formatted(row.offset() < 0 ? "" : "+" + Units.address(row.offset())))
        .put(NAME, label)
        .put(" ".repeat(Math.max(0, width - label.length()) + 2))
        .put(FAINT, "%-24s".formatted(hex(row.bytes())))
        .put(" ")
        .put(value(row));
    if (!targets.isEmpty()) {
      out.put(" → ").put(Units.printablePath(String.join(", ", targets)));
    }
    out.line();
    for (Field.Bits bits : row.bits()) {
      out.put(" ".repeat(width + 11)).put(bits.name() + " ").put(number(row.value(bits))).line();
    }
  }

  private static String hex(byte[] bytes) {
    return bytes.length <= BYTES_SHOWN
        ? HEX.formatHex(bytes)
        : HEX.formatHex(bytes, 0, BYTES_SHOWN) + " …";
  }

  private static String value(FieldRow row) {
    if (row.text() != null) {
      return "\"" + Units.printable(row.text()) + "\"";
    }
    if (row.number().isEmpty()) {
      return "";
    }
    long number = row.number().getAsLong();
    if (row.isAddress()) {
      return number == 0 ? "0" : Units.address(number);
    }
    return number(number);
  }

  private static String number(long number) {
    String decimal = Long.toUnsignedString(number);
    return Long.compareUnsigned(number, 10) < 0
        ? decimal
        : decimal + " (" + Units.address(number) + ")";
  }
}
