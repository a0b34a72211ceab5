package org.kho4j.abi;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The whole contract as nested maps and lists of strings, numbers and booleans, in a fixed order:
 * what {@code kho abi --json} and {@code docs/abi/abi.json} say. Unknown things are absent.
 */
public final class ContractDocument {

  public static final String SCHEMA = "kho4j/abi/1";

  private ContractDocument() {}

  /** Everything. */
  public static Map<String, Object> all() {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("schema", SCHEMA);
    out.put("checkedAgainst", Releases.NEWEST);
    out.put("byteOrder", "little");
    out.put("pageSizes", PageSizes.describe());
    out.put("components", each(List.of(Component.values()), ContractDocument::component));
    out.put("limits", each(Limits.ALL, ContractDocument::limit));
    out.put("releases", each(Contract.RELEASES, ContractDocument::release));
    return out;
  }

  /** One version, as {@link #all} has it. */
  public static Map<String, Object> version(ContractVersion version) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("id", version.id());
    put(out, "compatible", version.compatible());
    out.put("releases", releases(version.releases()));
    out.put("fingerprint", version.fingerprint().sha256());
    out.put("meaning", version.meaning());
    if (version.map() != null) {
      out.put("map", PageSizes.map(version.map()));
    }
    out.put("structures", each(version.structures(), ContractDocument::structure));
    out.put("trees", each(version.trees(), ContractDocument::tree));
    out.put("areas", each(version.areas(), ContractDocument::area));
    return out;
  }

  /** One structure, as {@link #all} has it. */
  public static Map<String, Object> structure(Structure structure) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", structure.name());
    out.put("headerSize", structure.headerSize());
    if (structure.elements() != null) {
      out.put("pages", structure.pages());
    }
    out.put("size", PageSizes.each(structure::size));
    out.put("fields", each(structure.fields(), ContractDocument::field));
    if (structure.elements() != null) {
      Map<String, Object> elements = elements(structure.elements());
      elements.put("offset", structure.headerSize());
      elements.put("capacity", PageSizes.each(structure::capacity));
      out.put("elements", elements);
    }
    out.put("lifetime", lifetime(structure.lifetime()));
    out.put("releases", releases(structure.releases()));
    out.put("source", structure.source());
    out.put("meaning", structure.meaning());
    return out;
  }

  private static Map<String, Object> component(Component component) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", component.label());
    component.subtree().ifPresent(subtree -> out.put("subtree", subtree));
    out.put("meaning", component.meaning());
    out.put("versions", each(Contract.versions(component), ContractDocument::version));
    return out;
  }

  private static Map<String, Object> field(Field field) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", field.name());
    out.put("type", field.type().label());
    out.put("offset", field.offset());
    out.put("size", field.size());
    put(out, "target", field.targetName());
    if (!field.bits().isEmpty()) {
      out.put("bits", each(field.bits(), ContractDocument::bits));
    }
    out.put("meaning", field.meaning());
    return out;
  }

  private static Map<String, Object> bits(Field.Bits bits) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", bits.name());
    out.put("low", bits.low());
    out.put("width", bits.width());
    out.put("meaning", bits.meaning());
    return out;
  }

  private static Map<String, Object> elements(Field elements) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", elements.name());
    out.put("type", elements.type().label());
    out.put("size", elements.size());
    put(out, "target", elements.targetName());
    out.put("meaning", elements.meaning());
    return out;
  }

  private static Map<String, Object> tree(FdtLayout tree) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", tree.name());
    out.put("properties", each(tree.properties(), ContractDocument::property));
    out.put("lifetime", lifetime(tree.lifetime()));
    out.put("releases", releases(tree.releases()));
    out.put("source", tree.source());
    out.put("meaning", tree.meaning());
    return out;
  }

  private static Map<String, Object> property(FdtLayout.Property property) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("node", property.node());
    out.put("name", property.field().name());
    out.put("type", property.field().type().label());
    out.put("size", property.field().size());
    out.put("byteOrder", property.bigEndian() ? "big" : "native");
    put(out, "target", property.field().targetName());
    put(out, "value", property.value());
    out.put("meaning", property.field().meaning());
    return out;
  }

  private static Map<String, Object> area(ContractVersion.Area area) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("owner", area.owner());
    out.put("field", area.field());
    out.put("elements", elements(area.elements()));
    return out;
  }

  private static Map<String, Object> lifetime(Lifetime lifetime) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("kind", lifetime.kind().label());
    if (lifetime.order() >= 0) {
      out.put("order", lifetime.order());
    }
    out.put("written", lifetime.written());
    out.put("freed", lifetime.freed());
    return out;
  }

  private static Map<String, Object> limit(Limit limit) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("id", limit.id());
    out.put("component", limit.component().label());
    out.put("values", PageSizes.each(limit::value));
    out.put("unit", limit.unit());
    out.put("releases", releases(limit.releases()));
    out.put("meaning", limit.meaning());
    return out;
  }

  private static Map<String, Object> release(String release) {
    Map<String, Object> writes = new LinkedHashMap<>();
    for (Component component : Component.values()) {
      List<String> ids = Contract.written(release, component).map(ContractVersion::id).toList();
      if (!ids.isEmpty()) {
        writes.put(component.label(), ids);
      }
    }
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("since", release);
    out.put("writes", writes);
    return out;
  }

  private static Map<String, Object> releases(Releases releases) {
    Map<String, Object> out = new LinkedHashMap<>();
    put(out, "first", releases.first());
    put(out, "last", releases.last());
    return out;
  }

  private static void put(Map<String, Object> out, String name, @Nullable Object value) {
    if (value != null) {
      out.put(name, value);
    }
  }

  private static <T> List<Map<String, Object>> each(
      List<T> items, Function<T, Map<String, Object>> one) {
    return items.stream().map(one).toList();
  }
}
