package org.kho4j.cli.abi.reference;

import java.util.List;
import java.util.stream.Collectors;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.Lifetime;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/** Structures, trees and areas as Markdown. */
final class Markdown {

  private Markdown() {}

  static String table(List<String> head, List<List<String>> rows) {
    StringBuilder out = new StringBuilder();
    out.append(row(head));
    out.append(row(head.stream().map(cell -> "---").toList()));
    rows.forEach(cells -> out.append(row(cells)));
    return out.toString();
  }

  private static String row(List<String> cells) {
    return cells.stream()
            .map(cell -> cell.replace("|", "\\|"))
            .collect(Collectors.joining(" | ", "| ", " |"))
        + "\n";
  }

  /** Prose from the tables: what Markdown would take for markup is escaped. */
  static String text(String prose) {
    return prose.replace("*", "\\*").replace("<", "&lt;").replace(">", "&gt;");
  }

  static String code(String name) {
    return "`" + name + "`";
  }

  static String structure(ContractVersion version, Structure structure) {
    StringBuilder out = new StringBuilder();
    out.append(text(structure.meaning())).append("\n\n");
    out.append("```\n").append(Diagram.of(structure, PageSize.SIZE_4K)).append("```\n\n");
    if (!structure.fields().isEmpty()) {
      out.append(
              table(
                  List.of("offset", "size", "field", "type", "meaning"),
                  structure.fields().stream().map(Markdown::field).toList()))
          .append('\n');
    }
    for (Field field : structure.fields()) {
      if (!field.bits().isEmpty()) {
        out.append("Bits of ").append(code(field.name())).append(":\n\n");
        out.append(bits(field.bits())).append('\n');
      }
    }
    Field elements = structure.elements();
    if (elements != null) {
      out.append(elements(structure, elements)).append('\n');
    }
    out.append(facts(structure.lifetime(), layouts(version, structure), structure.source()));
    return out.toString();
  }

  private static List<String> field(Field field) {
    return List.of(
        Integer.toString(field.offset()),
        Integer.toString(field.size()),
        code(field.name()),
        type(field),
        text(field.meaning()));
  }

  private static String type(Field field) {
    Field.Type type = field.type();
    int size = field.size();
    String target = field.targetName();
    String name =
        switch (type) {
          case CHARS -> "char[" + size + "]";
          case BYTES -> "byte[" + size + "]";
          case STRUCTURE -> "struct";
          default ->
              size == type.unit() ? type.label() : type.label() + "[" + size / type.unit() + "]";
        };
    if (target == null) {
      return name;
    }
    return type == Field.Type.PHYS ? name + " → " + code(target) : name + " " + code(target);
  }

  private static String bits(List<Field.Bits> bits) {
    return table(
        List.of("bits", "value", "name", "meaning"),
        bits.stream()
            .map(range ->
                List.of(
                    range.width() == 1
                        ? Integer.toString(range.low())
                        : range.low() + "–" + (range.low() + range.width() - 1),
                    range.width() == 1 ? "0x" + Long.toHexString(1L << range.low()) : "",
                    code(range.name()),
                    text(range.meaning())))
            .toList());
  }

  private static String elements(Structure structure, Field elements) {
    String each =
        "From offset %d: %s, %s, %d %s each: %s.\n\n"
            .formatted(
                structure.headerSize(),
                code(elements.name()),
                type(elements),
                elements.size(),
                elements.size() == 1 ? "byte" : "bytes",
                text(elements.meaning()));
    return each
        + table(
            List.of("page size", "bytes in all", "elements", "bytes left over"),
            List.of(PageSize.values()).stream()
                .map(size ->
                    List.of(
                        size.label(),
                        Integer.toString(structure.size(size)),
                        Integer.toString(structure.capacity(size)),
                        Integer.toString(structure.unused(size))))
                .toList());
  }

  private static String layouts(ContractVersion version, Structure structure) {
    return Contract.versions(version.component()).stream()
        .filter(other -> other.structures().contains(structure))
        .map(other -> code(other.id()))
        .collect(Collectors.joining(", "));
  }

  private static String facts(Lifetime lifetime, String layouts, String source) {
    return "- Memory: %s. Written: %s. Freed: %s.\n- In: %s\n- Source: %s\n"
        .formatted(
            text(lifetime.toString()),
            text(lifetime.written()),
            text(lifetime.freed()),
            layouts,
            text(source));
  }

  static String tree(ContractVersion version, FdtLayout tree) {
    return "%s\n\n%s\n%s"
        .formatted(
            text(tree.meaning()),
            table(
                List.of("node", "property", "bytes", "type", "value", "meaning"),
                tree.properties().stream().map(Markdown::property).toList()),
            facts(tree.lifetime(), code(version.id()), tree.source()));
  }

  private static List<String> property(FdtLayout.Property property) {
    String type = property.bigEndian() ? "big-endian cells" : type(property.field());
    return List.of(
        code(property.node()),
        code(property.field().name()),
        Integer.toString(property.field().size()),
        type,
        property.value() == null ? "" : code(property.value()),
        text(property.field().meaning()));
  }

  static String area(ContractVersion.Area area) {
    Field elements = area.elements();
    return "The vmalloc area %s is an array of %s, %d bytes each, from its first byte on: %s.\n"
        .formatted(
            code(area.owner() + "." + area.field()),
            type(elements),
            elements.size(),
            text(elements.meaning()));
  }
}
