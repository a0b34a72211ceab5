package org.kho4j.cli.abi.reference;

import static org.kho4j.cli.abi.reference.Markdown.code;
import static org.kho4j.cli.abi.reference.Markdown.table;
import static org.kho4j.cli.abi.reference.Markdown.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Component;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.Lifetime;
import org.kho4j.abi.Limit;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/** Tables over the whole contract. */
final class ContractTables {

  private ContractTables() {}

  static String matrix() {
    List<Component> components =
        Stream.of(Component.values()).filter(it -> it != Component.BOOT).toList();
    List<String> head = new ArrayList<>(List.of("release"));
    components.forEach(component -> head.add(component.label()));
    List<List<String>> rows = new ArrayList<>();
    List<String> releases = Contract.RELEASES;
    for (String release : releases) {
      List<String> row = new ArrayList<>(List.of(release));
      for (Component component : components) {
        String written =
            Contract.written(release, component)
                .map(version -> code(version.id()))
                .collect(Collectors.joining(", "));
        row.add(written.isEmpty() ? "–" : written);
      }
      rows.add(row);
    }
    return table(head, rows);
  }

  static String versions() {
    return table(
        List.of("layout", "string", "releases", "fingerprint", "what sets it apart"),
        Contract.VERSIONS.stream()
            .map(version ->
                List.of(
                    code(version.id()),
                    version.compatible() == null ? "–" : code(version.compatible()),
                    version.releases().toString(),
                    code(version.fingerprint().brief()),
                    text(version.meaning())))
            .toList());
  }

  static String components() {
    return table(
        List.of("component", "subtree", "what it is", "layouts"),
        Stream.of(Component.values())
            .map(component ->
                List.of(
                    code(component.label()),
                    component.subtree().map(Markdown::code).orElse("–"),
                    text(component.meaning()),
                    Contract.versions(component).stream()
                        .map(version -> code(version.id()))
                        .collect(Collectors.joining(", "))))
            .toList());
  }

  static String limits() {
    List<String> head = new ArrayList<>(List.of("limit", "component"));
    Stream.of(PageSize.values()).map(PageSize::label).forEach(head::add);
    head.addAll(List.of("unit", "releases", "what it bounds"));
    List<List<String>> rows = new ArrayList<>();
    for (Limit limit : Limits.ALL) {
      List<String> row =
          new ArrayList<>(List.of(code(limit.id()), code(limit.component().label())));
      Stream.of(PageSize.values()).map(size -> value(limit, size)).forEach(row::add);
      row.addAll(List.of(limit.unit(), limit.releases().toString(), text(limit.meaning())));
      rows.add(row);
    }
    return table(head, rows);
  }

  private static String value(Limit limit, PageSize size) {
    return limit.unit().equals("mask")
        ? "0x" + Long.toHexString(limit.value(size))
        : Long.toString(limit.value(size));
  }

  /** Every field and property that points at a structure. */
  static String pointers() {
    Map<List<String>, List<String>> layouts = new LinkedHashMap<>();
    for (ContractVersion version : Contract.VERSIONS) {
      for (FdtLayout tree : version.trees()) {
        for (FdtLayout.Property property : tree.properties()) {
          pointer(layouts, version, "node " + code(property.node()), property.field(), "property");
        }
      }
      for (Structure structure : version.structures()) {
        Stream.concat(structure.fields().stream(), Stream.ofNullable(structure.elements()))
            .forEach(field -> {
              String declared = code(field.khoser() ? "DECLARE_KHOSER_PTR" : "u64");
              pointer(layouts, version, code(structure.name()), field, declared);
            });
      }
    }
    return table(List.of("in", "pointer", "leads to", "declared", "layouts"), withLayouts(layouts));
  }

  private static void pointer(
      Map<List<String>, List<String>> layouts,
      ContractVersion version,
      String owner,
      Field field,
      String declared) {
    Structure target = field.target();
    if (field.type() == Field.Type.PHYS && target != null) {
      note(layouts, version, owner, code(field.name()), code(target.name()), declared);
    }
  }

  static String lifetimes() {
    Map<List<String>, List<String>> layouts = new LinkedHashMap<>();
    for (ContractVersion version : Contract.VERSIONS) {
      for (FdtLayout tree : version.trees()) {
        lifetime(layouts, version, "tree " + code(tree.name()), tree.lifetime());
      }
      for (Structure structure : version.structures()) {
        lifetime(layouts, version, code(structure.name()), structure.lifetime());
      }
    }
    return table(List.of("what", "memory", "written", "freed", "layouts"), withLayouts(layouts));
  }

  private static void lifetime(
      Map<List<String>, List<String>> layouts,
      ContractVersion version,
      String owner,
      Lifetime lifetime) {
    String written = text(lifetime.written());
    note(layouts, version, owner, lifetime.toString(), written, text(lifetime.freed()));
  }

  private static void note(
      Map<List<String>, List<String>> layouts, ContractVersion version, String... row) {
    layouts.computeIfAbsent(List.of(row), _ -> new ArrayList<>()).add(code(version.id()));
  }

  /** Rows, and the layouts that have each. */
  private static List<List<String>> withLayouts(Map<List<String>, List<String>> layouts) {
    return layouts.entrySet().stream()
        .map(row ->
            Stream.concat(row.getKey().stream(), Stream.of(String.join(", ", row.getValue())))
                .toList())
        .toList();
  }
}
