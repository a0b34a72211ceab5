package org.kho4j.abi;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * SHA-256 over the canonical text of a {@link ContractVersion}. Equal fingerprints mean equal
 * layouts with equal meanings; a changed one means that a decoder has to be reviewed.
 *
 * <p>The canonical text is UTF-8, one line per fact, each ended by a line feed, its parts separated
 * by tabs, absent parts empty, in the order of {@link #canonicalText}. Releases, lifetimes, sources
 * and the prose about whole structures are not in it: they may be improved without a layout
 * changing.
 *
 * @param sha256 64 lower-case hex digits
 */
public record Fingerprint(String sha256) {

  /** The start of a canonical text. */
  public static final String FORM = "kho4j/abi-canonical/1";

  /** Returns the first 16 digits, for display. */
  public String brief() {
    return sha256.substring(0, 16);
  }

  static Fingerprint of(ContractVersion version) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(canonicalText(version).getBytes(UTF_8));
      return new Fingerprint(HexFormat.of().formatHex(hash));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * Returns the text that is hashed. Lines: {@code form}; {@code version} component, string; {@code
   * map} form and, for each page size, {@code depth} page size, levels, bits of a leaf, bits of a
   * table, bit of order 0; for each structure {@code structure} name, header size, pages, then its
   * {@code field}s (name, type, offset, size, target, meaning), each followed by its {@code bits}
   * (name, low, width, meaning), then its {@code elements} (name, type, size, target, meaning); for
   * each tree {@code tree} name, then its {@code property} lines (node, name, type, size, target,
   * value, {@code native} or {@code big}, meaning); for each area {@code area} owner, field and its
   * {@code elements}.
   */
  public static String canonicalText(ContractVersion version) {
    StringBuilder out = new StringBuilder();
    line(out, "form", FORM);
    line(out, "version", version.component().label(), version.compatible());
    if (version.map() != null) {
      line(out, "map", version.map().label());
      if (version.map().isRadix()) {
        for (PageSize size : PageSize.values()) {
          line(
              out,
              "depth",
              size,
              version.map().depth(size),
              KhoRadix.leafBits(size),
              KhoRadix.tableBits(size),
              KhoRadix.orderZeroBit(size));
        }
      }
    }
    version.structures().forEach(structure -> structure(out, structure));
    version.trees().forEach(tree -> tree(out, tree));
    for (ContractVersion.Area area : version.areas()) {
      line(out, "area", area.owner(), area.field());
      elements(out, area.elements());
    }
    return out.toString();
  }

  private static void structure(StringBuilder out, Structure structure) {
    line(out, "structure", structure.name(), structure.headerSize(), structure.pages());
    for (Field field : structure.fields()) {
      line(
          out,
          "field",
          field.name(),
          field.type().label(),
          field.offset(),
          field.size(),
          field.targetName(),
          field.meaning());
      bits(out, field.bits());
    }
    if (structure.elements() != null) {
      elements(out, structure.elements());
    }
  }

  private static void bits(StringBuilder out, List<Field.Bits> bits) {
    for (Field.Bits range : bits) {
      line(out, "bits", range.name(), range.low(), range.width(), range.meaning());
    }
  }

  private static void elements(StringBuilder out, Field elements) {
    line(
        out,
        "elements",
        elements.name(),
        elements.type().label(),
        elements.size(),
        elements.targetName(),
        elements.meaning());
  }

  private static void tree(StringBuilder out, FdtLayout tree) {
    line(out, "tree", tree.name());
    for (FdtLayout.Property property : tree.properties()) {
      line(
          out,
          "property",
          property.node(),
          property.field().name(),
          property.field().type().label(),
          property.field().size(),
          property.field().targetName(),
          property.value(),
          property.bigEndian() ? "big" : "native",
          property.field().meaning());
    }
  }

  private static void line(StringBuilder out, @Nullable Object... parts) {
    out.append(
        Stream.of(parts)
            .map(part -> part == null ? "" : part.toString())
            .collect(Collectors.joining("\t", "", "\n")));
  }

  @Override
  public String toString() {
    return brief();
  }
}
