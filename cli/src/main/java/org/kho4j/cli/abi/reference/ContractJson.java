package org.kho4j.cli.abi.reference;

import java.io.StringWriter;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Component;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.Lifetime;
import org.kho4j.abi.Limit;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Releases;
import org.kho4j.abi.Structure;
import org.kho4j.cli.output.Schema;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;

/**
 * The contract as nested maps and lists of strings and numbers, in a fixed order, and as the JSON
 * of {@code kho abi --json} and {@code docs/abi/abi.json}. Unknown things are absent.
 */
public final class ContractJson {

  private ContractJson() {}

  /** An object whose members keep their order; a null is no member. */
  private static final class Members extends LinkedHashMap<String, Object> {
    private static final long serialVersionUID = 1L;

    Members with(String name, @Nullable Object value) {
      if (value != null) {
        put(name, value);
      }
      return this;
    }
  }

  /** The whole contract. */
  public static Map<String, Object> all() {
    return document()
        .with("checkedAgainst", Releases.NEWEST)
        .with("byteOrder", "little")
        .with("pageSizes", each(List.of(PageSize.values()), ContractJson::pageSize))
        .with("components", each(List.of(Component.values()), ContractJson::component))
        .with("limits", each(Limits.ALL, ContractJson::limit))
        .with("releases", each(Contract.RELEASES, ContractJson::release));
  }

  /** Some versions, each as {@link #all} has it. */
  public static Map<String, Object> versions(List<ContractVersion> versions) {
    return document().with("versions", each(versions, ContractJson::version));
  }

  /**
   * Returns the contents of development trees that no release has; {@link #all} does not include
   * them.
   */
  public static Map<String, Object> unreleased() {
    return document()
        .with("unreleased", true)
        .with("versions", each(Contract.DEVELOPMENT, ContractJson::version))
        .with("clients", each(DevelopmentLayout.ALL, ContractJson::client));
  }

  private static Members client(DevelopmentLayout client) {
    return new Members()
        .with("name", client.name())
        .with("kind", client.kind().label())
        .with("source", client.source())
        .with("meaning", client.meaning())
        .with("structures", each(client.structures(), ContractJson::structure));
  }

  /** Some structures, each as {@link #all} has it. */
  public static Map<String, Object> structures(List<Structure> structures) {
    return document().with("structures", each(structures, ContractJson::structure));
  }

  /** Returns one member of {@link #all}. */
  public static Map<String, Object> only(String member) {
    return document().with(member, all().get(member));
  }

  private static Members document() {
    return new Members().with("schema", Schema.ABI.id());
  }

  private static Members pageSize(PageSize size) {
    return new Members()
        .with("name", size.label())
        .with("bytes", size.bytes())
        .with("shift", size.shift());
  }

  private static Members component(Component component) {
    return new Members()
        .with("name", component.label())
        .with("subtree", component.subtree().orElse(null))
        .with("meaning", component.meaning())
        .with("versions", each(Contract.versions(component), ContractJson::version));
  }

  private static Members version(ContractVersion version) {
    return new Members()
        .with("id", version.id())
        .with("compatible", version.compatible())
        .with("releases", releases(version.releases()))
        .with("fingerprint", version.fingerprint().sha256())
        .with("meaning", version.meaning())
        .with("map", version.map() == null ? null : map(version.map()))
        .with("structures", each(version.structures(), ContractJson::structure))
        .with("trees", each(version.trees(), ContractJson::tree))
        .with("areas", each(version.areas(), ContractJson::area));
  }

  private static Members structure(Structure structure) {
    Field elements = structure.elements();
    return new Members()
        .with("name", structure.name())
        .with("headerSize", structure.headerSize())
        .with("pages", elements == null ? null : structure.pages())
        .with("size", forPageSizes(structure::size))
        .with("fields", each(structure.fields(), ContractJson::field))
        .with(
            "elements",
            elements == null
                ? null
                : elements(elements)
                    .with("offset", elements.offset())
                    .with("capacity", forPageSizes(structure::capacity)))
        .with("lifetime", lifetime(structure.lifetime()))
        .with("releases", releases(structure.releases()))
        .with("source", structure.source())
        .with("meaning", structure.meaning());
  }

  private static Members field(Field field) {
    return new Members()
        .with("name", field.name())
        .with("type", field.type().label())
        .with("offset", field.offset())
        .with("size", field.size())
        .with("target", field.targetName())
        .with("bits", field.bits().isEmpty() ? null : each(field.bits(), ContractJson::bits))
        .with("meaning", field.meaning());
  }

  private static Members bits(Field.Bits bits) {
    return new Members()
        .with("name", bits.name())
        .with("low", bits.low())
        .with("width", bits.width())
        .with("meaning", bits.meaning());
  }

  private static Members elements(Field element) {
    return new Members()
        .with("name", element.name())
        .with("type", element.type().label())
        .with("size", element.size())
        .with("target", element.targetName())
        .with("meaning", element.meaning());
  }

  private static Members tree(FdtLayout tree) {
    return new Members()
        .with("name", tree.name())
        .with("properties", each(tree.properties(), ContractJson::property))
        .with("lifetime", lifetime(tree.lifetime()))
        .with("releases", releases(tree.releases()))
        .with("source", tree.source())
        .with("meaning", tree.meaning());
  }

  private static Members property(FdtLayout.Property property) {
    Field field = property.field();
    return new Members()
        .with("node", property.node())
        .with("name", field.name())
        .with("type", field.type().label())
        .with("size", field.size())
        .with("byteOrder", property.bigEndian() ? "big" : "native")
        .with("target", field.targetName())
        .with("value", property.value())
        .with("meaning", field.meaning());
  }

  private static Members area(ContractVersion.Area area) {
    return new Members()
        .with("owner", area.owner())
        .with("field", area.field())
        .with("elements", elements(area.elements()));
  }

  private static Members lifetime(Lifetime lifetime) {
    return new Members()
        .with("kind", lifetime.kind().label())
        .with("order", lifetime.order() < 0 ? null : lifetime.order())
        .with("written", lifetime.written())
        .with("freed", lifetime.freed());
  }

  private static Members limit(Limit limit) {
    return new Members()
        .with("id", limit.id())
        .with("component", limit.component().label())
        .with("values", forPageSizes(limit::value))
        .with("unit", limit.unit())
        .with("releases", releases(limit.releases()))
        .with("meaning", limit.meaning());
  }

  private static Members release(String release) {
    Members writes = new Members();
    for (Component component : Component.values()) {
      List<String> ids = Contract.written(release, component).map(ContractVersion::id).toList();
      writes.with(component.label(), ids.isEmpty() ? null : ids);
    }
    return new Members().with("since", release).with("writes", writes);
  }

  private static Members releases(Releases releases) {
    return new Members().with("first", releases.first()).with("last", releases.last());
  }

  private static Members map(MapForm form) {
    return new Members()
        .with("form", form.label())
        .with("radix", form.isRadix() ? forPageSizes(size -> radix(form, size)) : null);
  }

  private static Members radix(MapForm form, PageSize size) {
    int depth = form.depth(size);
    return new Members()
        .with("depth", depth)
        .with("orderZeroBit", KhoRadix.orderZeroBit(size))
        .with("maxOrder", KhoRadix.maxOrder(size))
        .with(
            "levels",
            Stream.iterate(0, n -> n < depth, n -> n + 1).map(n -> level(size, n)).toList())
        .with("rootSlots", List.copyOf(KhoRadix.rootSlots(size, depth)));
  }

  private static Members level(PageSize size, int level) {
    return new Members()
        .with("level", level)
        .with("shift", KhoRadix.levelShift(size, level))
        .with("bits", level == 0 ? KhoRadix.leafBits(size) : KhoRadix.tableBits(size));
  }

  private static Members forPageSizes(Function<PageSize, ?> value) {
    Members out = new Members();
    Stream.of(PageSize.values()).forEach(size -> out.with(size.label(), value.apply(size)));
    return out;
  }

  private static <T> List<Members> each(List<T> items, Function<T, Members> one) {
    return items.stream().map(one).toList();
  }

  /** Writes nested maps and lists of strings, numbers and truth values. */
  public static void write(JsonGenerator out, Object value) {
    write(out, value, new Lines());
  }

  /** The whole contract as text. */
  static String text() {
    Lines lines = new Lines();
    PrettyPrinter printer =
        new DefaultPrettyPrinter(
                new Separators().withObjectNameValueSpacing(Separators.Spacing.AFTER))
            .withObjectIndenter(lines)
            .withArrayIndenter(lines);
    ObjectWriteContext context =
        new ObjectWriteContext.Base() {
          @Override
          public PrettyPrinter getPrettyPrinter() {
            return printer;
          }

          @Override
          public boolean hasPrettyPrinter() {
            return true;
          }
        };
    StringWriter out = new StringWriter();
    try (JsonGenerator generator = new JsonFactory().createGenerator(context, out)) {
      write(generator, all(), lines);
    }
    return out.append('\n').toString();
  }

  private static void write(JsonGenerator out, Object value, Lines lines) {
    switch (value) {
      case Map<?, ?> map -> {
        out.writeStartObject();
        lines.one = isFlat(map.values());
        map.forEach((name, item) -> {
          out.writeName(name.toString());
          write(out, item, lines);
        });
        out.writeEndObject();
        lines.one = false;
      }
      case List<?> list -> {
        out.writeStartArray();
        lines.one = isFlat(list);
        list.forEach(item -> write(out, item, lines));
        out.writeEndArray();
        lines.one = false;
      }
      case Integer number -> out.writeNumber(number);
      case Long number -> out.writeNumber(number);
      case Boolean truth -> out.writeBoolean(truth);
      default -> out.writeString((String) value);
    }
  }

  private static boolean isFlat(Collection<?> items) {
    return items.stream().noneMatch(item -> item instanceof Map || item instanceof List);
  }

  /** Indents by two spaces; an object or array without another one in it takes one line. */
  private static final class Lines extends DefaultIndenter {
    private static final long serialVersionUID = 1L;

    private boolean one;

    Lines() {
      super("  ", "\n");
    }

    @Override
    public void writeIndentation(JsonGenerator out, int level) {
      if (one) {
        out.writeRaw(' ');
      } else {
        super.writeIndentation(out, level);
      }
    }
  }
}
