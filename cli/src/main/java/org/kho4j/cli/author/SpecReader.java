package org.kho4j.cli.author;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.author.Spec.Address;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.author.Spec.PreservedRun;
import org.kho4j.cli.author.Spec.Range;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;

/** Makes a {@link Spec} of the values in a file. What each key may be is checked here. */
final class SpecReader {

  private static final long MAX_KEXEC_COUNT = 0xffff_ffffL;

  private final PageSize pageSize;
  private final ContentReader contents;

  private SpecReader(PageSize pageSize, ContentReader contents) {
    this.pageSize = pageSize;
    this.contents = contents;
  }

  /**
   * Reads a spec.
   *
   * @param contents finds the files that it names
   * @throws SpecException if a value is not one that its key takes
   */
  static Spec read(SpecValue value, ContentReader contents) {
    SpecObject spec =
        SpecObject.of(
            value,
            List.of(
                "arch",
                "pageSize",
                "abi",
                "memory",
                "scratch",
                "nodes",
                "allocate",
                "metadata",
                "subtrees",
                "preserve",
                "place"));
    Arch arch = arch(spec.required("arch"));
    PageSize pageSize =
        spec.optional("pageSize").map(SpecReader::pageSize).orElse(PageSize.SIZE_4K);
    if (arch == Arch.X86_64 && pageSize != PageSize.SIZE_4K) {
      throw spec.required("pageSize").broken("x86-64 has only pages of 4K, not of " + pageSize);
    }
    return new SpecReader(pageSize, contents).read(spec, arch);
  }

  private Spec read(SpecObject spec, Arch arch) {
    KhoLayout layout = spec.optional("abi").map(SpecReader::layout).orElse(KhoLayout.newest());
    Range memory = range(spec.required("memory"), List.of());
    List<Range> scratch = scratch(spec.required("scratch"));
    Optional<SpecObject> allocate =
        spec.optional("allocate")
            .map(value -> SpecObject.of(value, List.of("address", "size", "scatter")));
    Optional<Range> pool =
        allocate
            .filter(object -> object.has("address") || object.has("size"))
            .map(_ -> range(spec.required("allocate"), List.of("scatter")));
    Optional<SpecObject> metadata =
        spec.optional("metadata")
            .map(value -> SpecObject.of(value, List.of("previousRelease", "kexecCount")));
    SubtreeReader subtrees =
        new SubtreeReader(pageSize, memory.range(), contents, layout.version());
    return new Spec(
        spec.place(),
        arch,
        pageSize,
        layout,
        memory,
        scratch,
        spec.optional("nodes").map(nodes -> nodes(nodes, memory)).orElse(List.of()),
        pool,
        allocate.map(object -> object.number("scatter")).orElse(OptionalLong.empty()),
        metadata
            .flatMap(object -> object.optional("previousRelease"))
            .map(SpecReader::release)
            .orElse("kho4j"),
        metadata
            .flatMap(object -> object.optional("kexecCount"))
            .map(value -> value.number(0, MAX_KEXEC_COUNT))
            .orElse(1L),
        spec.optional("subtrees").map(subtrees::read).orElse(List.of()),
        spec.optional("preserve").map(this::runs).orElse(List.of()),
        spec.optional("place").map(SpecReader::places).orElse(Map.of()));
  }

  private static Arch arch(SpecValue value) {
    return Stream.of(Arch.values())
        .filter(arch -> arch.label().equals(value.text()))
        .findFirst()
        .orElseThrow(() -> value.broken("\"%s\" is not one of x86-64, arm64", value.text()));
  }

  private static PageSize pageSize(SpecValue value) {
    return PageSize.ofBytes(value.number())
        .orElseThrow(() -> value.broken("%d is not a page size: 4K, 16K, 64K", value.number()));
  }

  /** A layout, or a version that has one alone, or one alone that a release wrote. */
  private static KhoLayout layout(SpecValue value) {
    String name = value.text();
    List<KhoLayout> layouts =
        KhoVersion.of(name)
            .map(KhoVersion::layouts)
            .orElseGet(() -> KhoLayout.of(name).stream().toList());
    List<KhoLayout> released =
        layouts.stream().filter(layout -> layout.releases().released()).toList();
    List<KhoLayout> choice = released.isEmpty() ? layouts : released;
    if (choice.size() == 1) {
      return choice.getFirst();
    }
    throw value.broken(
        choice.isEmpty()
            ? "\"%s\" is not known: %s are".formatted(name, ids(KhoLayout.all()))
            : "\"%s\" is the version of several layouts: %s".formatted(name, ids(choice)));
  }

  private static String ids(List<KhoLayout> layouts) {
    return layouts.stream().map(KhoLayout::id).collect(Collectors.joining(", "));
  }

  private static String release(SpecValue value) {
    String release = value.text();
    int most = KexecMetadata.PREVIOUS_RELEASE.size() - 1;
    if (release.chars().anyMatch(c -> c < ' ' || c > '~') || release.length() > most) {
      throw value.broken("\"%s\" is not a release: at most %d ASCII characters", release, most);
    }
    return release;
  }

  private List<Range> scratch(SpecValue value) {
    List<Range> regions =
        value.elements().stream().map(element -> range(element, List.of())).toList();
    if (regions.isEmpty()) {
      throw value.broken("a kernel needs at least one region to boot in");
    }
    return regions;
  }

  private List<Range> nodes(SpecValue value, Range memory) {
    List<Range> nodes = new ArrayList<>();
    for (SpecValue element : value.elements()) {
      Range node = range(element, List.of());
      AddressRange range = node.range();
      node.requireInside(range, memory.range());
      for (Range other : nodes) {
        if (range.overlaps(other.range())) {
          throw node.broken(
              "%s overlaps with the node at %s, in line %d",
              range, other.range(), other.place().line());
        }
      }
      nodes.add(node);
    }
    return nodes;
  }

  /** A range of whole pages: {@code address} and {@code size}. */
  private Range range(SpecValue value, List<String> moreKeys) {
    List<String> keys = Stream.concat(Stream.of("address", "size"), moreKeys.stream()).toList();
    SpecObject object = SpecObject.of(value, keys);
    return new Range(
        object.place(),
        range(object.required("address"), object.required("size").number(), object));
  }

  private AddressRange range(SpecValue address, long size, SpecObject object) {
    long start = address.number();
    if (size <= 0 || !pageSize.isAligned(start) || !pageSize.isAligned(size)) {
      throw object.broken(
          "%s bytes at 0x%x are not whole pages of %s", Units.count(size), start, pageSize);
    }
    if (start > (1L << SpecValue.ADDRESS_BITS) - size) {
      throw object.broken(
          "%s bytes at 0x%x end beyond 2^%d", Units.count(size), start, SpecValue.ADDRESS_BITS);
    }
    return new AddressRange(start, size);
  }

  private List<PreservedRun> runs(SpecValue value) {
    List<PreservedRun> runs = new ArrayList<>();
    for (SpecValue element : value.elements()) {
      SpecObject object =
          SpecObject.of(element, ContentReader.withKeys("address", "size", "pages", "order"));
      SpecValue extent = object.oneOf(List.of("size", "pages", "order"));
      long size =
          object.has("size")
              ? extent.number()
              : object.has("pages")
                  ? extent.number(1, Integer.MAX_VALUE) << pageSize.shift()
                  : pageSize.blockBytes((int) extent.number(0, PageAllocator.MAX_ORDER));
      AddressRange range = range(object.required("address"), size, object);
      if (object.has("order") && (range.address() & (size - 1)) != 0) {
        throw object
            .required("address")
            .broken(
                "0x%x is not a multiple of 0x%x, the size of a block of order %d",
                range.address(), size, extent.number());
      }
      runs.add(new PreservedRun(object.place(), range, contents.read(object, size)));
    }
    return runs;
  }

  private static Map<String, Address> places(SpecValue value) {
    if (!(value instanceof SpecValue.Members object)) {
      throw value.broken("expected an object of paths and addresses, not " + value.kind());
    }
    Map<String, Address> places = new LinkedHashMap<>();
    object
        .members()
        .forEach(
            (path, address) -> places.put(path, new Address(address.place(), address.address())));
    return places;
  }
}
