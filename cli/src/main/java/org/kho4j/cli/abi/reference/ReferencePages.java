package org.kho4j.cli.abi.reference;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Fingerprint;
import org.kho4j.abi.Limit;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Releases;
import org.kho4j.abi.Structure;
import org.kho4j.cli.output.Schema;

/**
 * The reference pages under {@code docs/abi/}: the contract for people, and as {@code abi.json} for
 * machines. A page is a Markdown template beside this class, whose {@code {{word argument}}} are
 * replaced by what the contract's tables say.
 */
public final class ReferencePages {

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([^}]+)}}");

  /** The pages of prose, in reading order. */
  private static final List<String> PAGES =
      List.of(
          "README.md",
          "versions.md",
          "boot.md",
          "root.md",
          "map-radix.md",
          "map-bitmaps.md",
          "vmalloc.md",
          "blocks.md",
          "luo.md",
          "memfd.md",
          "clients.md",
          "lifetimes.md",
          "checks.md",
          "walkthrough.md",
          "walkthrough-luo.md");

  private ReferencePages() {}

  /** Every page by file name, in reading order; the same for every run and machine. */
  public static Map<String, String> all() {
    Map<String, String> pages = new LinkedHashMap<>();
    PAGES.forEach(page -> pages.put(page, WrappedProse.of(render(template(page)))));
    pages.put("abi.json", ContractJson.text());
    return pages;
  }

  private static String render(String template) {
    return PLACEHOLDER
        .matcher(template)
        .replaceAll(match -> {
          String[] words = match.group(1).split(" ", 2);
          String value = value(words[0], words.length == 1 ? "" : words[1]);
          return Matcher.quoteReplacement(value.stripTrailing());
        });
  }

  private static String template(String fileName) {
    try (InputStream in = ReferencePages.class.getResourceAsStream(fileName)) {
      if (in == null) {
        throw new IllegalArgumentException("there is no page " + fileName);
      }
      return new String(in.readAllBytes(), UTF_8).replace("\r", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String value(String word, String argument) {
    return switch (word) {
      case "newest" -> Releases.NEWEST;
      case "schema" -> Schema.ABI.id();
      case "canonical-form" -> Fingerprint.FORM;
      case "canonical-example" -> Fingerprint.canonicalText(version(argument)).replace("\t", "→");
      case "matrix" -> ContractTables.matrix();
      case "versions" -> ContractTables.versions();
      case "side-by-side" -> sideBySide(argument);
      case "components" -> ContractTables.components();
      case "limits" -> ContractTables.limits();
      case "pointers" -> ContractTables.pointers();
      case "lifetimes" -> ContractTables.lifetimes();
      case "radix-parameters" -> RadixTables.parameters();
      case "radix-levels" -> RadixTables.levels();
      case "radix-root-slots" -> RadixTables.rootSlots();
      case "radix-short-root-slots" -> RadixTables.shortRootSlots();
      case "radix-vectors" -> RadixTables.vectors();
      case "bitmap-coverage" -> RadixTables.bitmapCoverage();
      case "memfd-folio-bytes" -> ExampleBytes.memfdFolio();
      case "vmalloc-bytes" -> ExampleBytes.vmalloc();
      case "limit" -> limit(argument);
      case "fingerprint" -> version(argument).fingerprint().sha256();
      case "structure" -> structure(argument);
      case "size" -> Integer.toString(named(argument).headerSize());
      case "capacity" -> capacity(argument);
      case "tree" -> tree(argument);
      case "area" -> Markdown.area(version(argument).areas().getFirst());
      default -> throw new IllegalArgumentException("no placeholder is called " + word);
    };
  }

  private static String sideBySide(String component) {
    return switch (component) {
      case "kho" -> SideBySide.kho();
      case "luo" -> SideBySide.luo();
      case "memfd" -> SideBySide.memfd();
      default -> throw new IllegalArgumentException("no layouts side by side of " + component);
    };
  }

  private static ContractVersion version(String id) {
    return Contract.version(id)
        .orElseThrow(() -> new IllegalArgumentException("there is no layout " + id));
  }

  /** {@code layout/structure}. */
  private static Structure named(String argument) {
    String[] parts = argument.split("/", 2);
    return version(parts[0])
        .structure(parts[1])
        .orElseThrow(() -> new IllegalArgumentException("there is no structure " + argument));
  }

  private static String structure(String argument) {
    return Markdown.structure(version(argument.split("/", 2)[0]), named(argument));
  }

  private static String capacity(String argument) {
    Structure structure = named(argument);
    return Stream.of(PageSize.values())
        .map(size -> Integer.toString(structure.capacity(size)))
        .collect(Collectors.joining(" / "));
  }

  private static String tree(String argument) {
    ContractVersion version = version(argument);
    FdtLayout tree = version.trees().getFirst();
    return Markdown.tree(version, tree);
  }

  private static String limit(String id) {
    Limit limit =
        Limits.ALL.stream()
            .filter(it -> it.id().equals(id))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("there is no limit " + id));
    return SideBySide.sizes(limit::value);
  }
}
