package org.kho4j.cli.abi;

import java.io.IOException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
import org.kho4j.cli.abi.reference.Diagram;

/** The contract in the terminal. Widths are in characters; lines end in a line feed. */
public final class AbiText {

  private static final int INDENT = 2;

  private AbiText() {}

  /** Every component with its versions, their releases and fingerprints. */
  public static void overview(Appendable out, int width) throws IOException {
    out.append("The contract of Linux Kexec Handover, checked against Linux up to ")
        .append(Releases.NEWEST)
        .append("\n");
    for (Component component : Component.values()) {
      out.append('\n').append(component.label()).append(": ").append(component.meaning());
      out.append('\n');
      Columns columns = new Columns();
      for (ContractVersion version : Contract.versions(component)) {
        columns.row(
            version.id(),
            version.releases().toString(),
            version.fingerprint().brief(),
            version.meaning());
      }
      out.append(columns.render(INDENT, width));
    }
  }

  /** Writes the contents of development trees that no release has, a line each. */
  static void development(Appendable out, int width) throws IOException {
    out.append(
        "\nIn no release, from public development trees ('kho abi --unreleased' shows the"
            + " layouts):\n");
    Columns columns = new Columns();
    for (ContractVersion version : Contract.DEVELOPMENT) {
      columns.row(version.id(), version.component().label(), version.meaning());
    }
    for (DevelopmentLayout client : DevelopmentLayout.ALL) {
      columns.row(client.name(), client.kind().label(), client.meaning());
    }
    out.append(columns.render(INDENT, width));
  }

  /** All that development trees have and no release, with every structure. */
  static void unreleased(Appendable out, PageSize pageSize, int width) throws IOException {
    out.append("In no release; may change before a release has it\n");
    for (ContractVersion version : Contract.DEVELOPMENT) {
      out.append('\n');
      version(out, version, pageSize, width);
    }
    for (DevelopmentLayout client : DevelopmentLayout.ALL) {
      out.append('\n').append(client.name()).append('\n');
      Columns facts = new Columns();
      facts.row("kind", client.kind().label());
      facts.row("source", client.source());
      facts.row("", client.meaning());
      if (client.structure() == null) {
        facts.row("layout", "not recorded here");
      }
      out.append(facts.render(INDENT, width));
      for (Structure structure : client.structures()) {
        out.append('\n');
        structure(out, structure, pageSize, width);
      }
    }
  }

  /** Which release writes which version. */
  public static void matrix(Appendable out) throws IOException {
    Columns columns = new Columns();
    columns.row("since", "kho", "luo", "memfd", "kexec-metadata", "memblock", "kho_test");
    for (String release : Contract.RELEASES) {
      columns.row(
          release,
          written(release, Component.KHO),
          written(release, Component.LUO),
          written(release, Component.MEMFD),
          written(release, Component.KEXEC_METADATA),
          written(release, Component.MEMBLOCK),
          written(release, Component.KHO_TEST));
    }
    out.append(columns.render(0, Integer.MAX_VALUE));
  }

  private static String written(String release, Component component) {
    String ids =
        Contract.written(release, component)
            .map(ContractVersion::id)
            .collect(Collectors.joining(" "));
    return ids.isEmpty() ? "-" : ids;
  }

  /** Every limit. */
  public static void limits(Appendable out, PageSize pageSize, int width) throws IOException {
    Columns columns = new Columns();
    for (Limit limit : Limits.ALL) {
      columns.row(
          limit.component().label(),
          limit.id(),
          limit.unit().equals("mask")
              ? "0x" + Long.toHexString(limit.value(pageSize))
              : limit.value(pageSize) + " " + limit.unit(),
          limit.releases().toString(),
          limit.meaning());
    }
    out.append(columns.render(0, width));
  }

  /** Writes a version with its structures, for a page size. */
  public static void version(Appendable out, ContractVersion version, PageSize pageSize, int width)
      throws IOException {
    out.append(version.id()).append('\n');
    Columns facts = new Columns();
    facts.row("component", version.component().label());
    facts.row("string", version.compatible() == null ? "-" : version.compatible());
    facts.row("releases", version.releases().toString());
    facts.row("fingerprint", version.fingerprint().sha256());
    facts.row("", version.meaning());
    out.append(facts.render(INDENT, width));
    if (version.map() != null && version.map().isRadix()) {
      out.append('\n');
      radix(out, version.map(), pageSize, width);
    }
    for (FdtLayout tree : version.trees()) {
      out.append('\n');
      tree(out, tree, width);
    }
    for (Structure structure : version.structures()) {
      out.append('\n');
      structure(out, structure, pageSize, width);
    }
    for (ContractVersion.Area area : version.areas()) {
      out.append('\n').append("area ").append(area.owner()).append('.').append(area.field());
      out.append('\n').append(elements(area.elements()).render(INDENT, width));
    }
  }

  /** Writes a structure: drawing, offsets, bits, elements and capacity, lifetime. */
  public static void structure(Appendable out, Structure structure, PageSize pageSize, int width)
      throws IOException {
    out.append(structure.name()).append(", ");
    out.append(Integer.toString(structure.size(pageSize))).append(" bytes");
    out.append(structure.elements() == null ? "\n" : " with " + pageSize + " pages\n");
    out.append(new Columns().row(structure.meaning()).render(INDENT, width)).append('\n');
    out.append(Diagram.of(structure, pageSize)).append('\n');
    if (!structure.fields().isEmpty()) {
      out.append(fields(structure).render(INDENT, width));
    }
    for (Field field : structure.fields()) {
      if (!field.bits().isEmpty()) {
        out.append("  bits of ").append(field.name()).append('\n');
        out.append(bits(field).render(2 * INDENT, width));
      }
    }
    if (structure.elements() != null) {
      Columns elements = elements(structure.elements());
      elements.row(
          "", "", "", "at most " + structure.capacity(pageSize) + " with " + pageSize + " pages");
      out.append(elements.render(INDENT, width));
    }
    facts(out, structure.lifetime(), structure.releases(), structure.source(), width);
  }

  private static Columns fields(Structure structure) {
    Columns columns = new Columns();
    columns.row("offset", "size", "field", "type", "meaning");
    for (Field field : structure.fields()) {
      String target = field.target() == null ? "" : " " + field.targetName();
      columns.row(
          Integer.toString(field.offset()),
          Integer.toString(field.size()),
          field.name(),
          field.type().label() + target,
          field.meaning());
    }
    return columns;
  }

  private static Columns bits(Field field) {
    Columns columns = new Columns();
    for (Field.Bits range : field.bits()) {
      String last = range.width() == 1 ? "" : "-" + (range.low() + range.width() - 1);
      columns.row(range.low() + last, range.name(), range.meaning());
    }
    return columns;
  }

  private static Columns elements(Field elements) {
    String target = elements.target() == null ? "" : " " + elements.targetName();
    return new Columns()
        .row(
            elements.name() + "[]",
            elements.size() + " each",
            elements.type().label() + target,
            elements.meaning());
  }

  private static void tree(Appendable out, FdtLayout tree, int width) throws IOException {
    out.append("device tree ").append(tree.name()).append('\n');
    out.append(new Columns().row(tree.meaning()).render(INDENT, width)).append('\n');
    Columns columns = new Columns();
    columns.row("node", "property", "bytes", "type", "meaning");
    for (FdtLayout.Property property : tree.properties()) {
      String target = property.field().target() == null ? "" : " " + property.field().targetName();
      String value = property.value() == null ? "" : "\"" + property.value() + "\": ";
      columns.row(
          property.node(),
          property.field().name(),
          Integer.toString(property.field().size()),
          property.bigEndian() ? "big-endian cells" : property.field().type().label() + target,
          value + property.field().meaning());
    }
    out.append(columns.render(INDENT, width));
    facts(out, tree.lifetime(), tree.releases(), tree.source(), width);
  }

  private static void facts(
      Appendable out, Lifetime lifetime, Releases releases, String source, int width)
      throws IOException {
    Columns facts = new Columns();
    facts.row("memory", lifetime.toString());
    facts.row("written", lifetime.written());
    facts.row("freed", lifetime.freed());
    facts.row("releases", releases.toString());
    facts.row("source", source);
    out.append('\n').append(facts.render(INDENT, width));
  }

  private static void radix(Appendable out, MapForm map, PageSize pageSize, int width)
      throws IOException {
    int depth = map.depth(pageSize);
    out.append("radix tree with ").append(pageSize.label()).append(" pages\n");
    String levels =
        IntStream.range(0, depth)
            .map(level -> depth - 1 - level)
            .mapToObj(level -> level + ": " + bitRange(pageSize, level))
            .collect(Collectors.joining(", "));
    Columns columns = new Columns();
    columns.row("levels", Integer.toString(depth));
    columns.row("bits of the key", levels);
    columns.row("bit of order 0", Integer.toString(KhoRadix.orderZeroBit(pageSize)));
    columns.row(
        "root entries in use",
        KhoRadix.rootSlots(pageSize, depth).stream()
            .map(String::valueOf)
            .collect(Collectors.joining(", ")));
    out.append(columns.render(INDENT, width));
  }

  private static String bitRange(PageSize pageSize, int level) {
    int low = KhoRadix.levelShift(pageSize, level);
    int bits = level == 0 ? KhoRadix.leafBits(pageSize) : KhoRadix.tableBits(pageSize);
    return low + "-" + (low + bits - 1);
  }
}
