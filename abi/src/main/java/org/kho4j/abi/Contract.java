package org.kho4j.abi;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The whole contract: every version of every component, and which release writes which. */
public final class Contract {

  /** The structures of a vmalloc area, which the version of KHO covers. */
  private static final List<Structure> VMALLOC =
      List.of(KhoVmalloc.STRUCTURE, KhoVmallocChunk.STRUCTURE);

  private static final ContractVersion.Area MEMFD_FOLIOS =
      new ContractVersion.Area(
          MemfdSer.V2.name(),
          "folios",
          Field.embedded(0, "folios", MemfdFolio.STRUCTURE, "nr_folios entries"));

  private static final ContractVersion.Area KHO_TEST_FOLIOS =
      new ContractVersion.Area(
          "kho_test:/data",
          "folios_info",
          Field.phys(
              0,
              "folios",
              null,
              "nr_folios entries: a folio's physical address, its order in the bits below PAGE_SIZE"));

  /** Every version of every component: components in order, versions oldest first. */
  public static final List<ContractVersion> VERSIONS =
      Stream.of(
              KhoLayout.all().stream().map(Contract::kho),
              LuoVersion.ALL.stream().map(Contract::luo),
              MemfdVersion.ALL.stream().map(Contract::memfd),
              Stream.of(
                  version(
                      Component.KEXEC_METADATA,
                      "kexec-metadata-1",
                      Integer.toString(KexecMetadata.VERSION_1),
                      KexecMetadata.STRUCTURE.releases(),
                      List.of(KexecMetadata.STRUCTURE),
                      List.of(),
                      List.of(),
                      "The number is the structure's first field."),
                  tree(
                      Component.MEMBLOCK,
                      FdtLayout.MEMBLOCK,
                      List.of(),
                      "Addresses and sizes are raw numbers, not device-tree cells."),
                  tree(
                      Component.KHO_TEST,
                      FdtLayout.KHO_TEST,
                      List.of(KHO_TEST_FOLIOS),
                      "6.16 and 6.17 kept the array of addresses in the tree itself; that layout is not recorded here."),
                  version(
                      Component.BOOT,
                      "boot-x86-64",
                      null,
                      SetupData.STRUCTURE.releases(),
                      List.of(SetupData.STRUCTURE),
                      List.of(),
                      List.of(),
                      "A record of the boot parameters' setup_data list."),
                  version(
                      Component.BOOT,
                      "boot-arm64",
                      null,
                      FdtLayout.CHOSEN.releases(),
                      List.of(KhoScratch.STRUCTURE),
                      List.of(FdtLayout.CHOSEN),
                      List.of(),
                      "Two properties of the machine's own device tree.")))
          .flatMap(Function.identity())
          .toList();

  /**
   * Versions that no release has yet, of public development trees: no part of the contract. The
   * clients of {@link DevelopmentLayout} have no versions.
   */
  public static final List<ContractVersion> DEVELOPMENT =
      Stream.of(
              KhoVersion.DEVELOPMENT.stream()
                  .flatMap(version -> version.layouts().stream())
                  .map(Contract::kho),
              LuoVersion.DEVELOPMENT.stream().map(Contract::luo),
              MemfdVersion.DEVELOPMENT.stream().map(Contract::memfd))
          .flatMap(Function.identity())
          .toList();

  /**
   * The releases, oldest first, at which some layout changed: what a release in between writes, the
   * one before it says.
   */
  public static final List<String> RELEASES =
      Stream.concat(
              VERSIONS.stream().map(version -> version.releases().first()),
              Stream.of(Releases.NEWEST))
          .filter(Objects::nonNull)
          .distinct()
          .sorted(Releases.ORDER)
          .toList();

  static {
    Set<String> ids = new HashSet<>();
    for (ContractVersion version : VERSIONS) {
      require(ids.add(version.id()), version + " is there twice");
    }
    for (String release : RELEASES) {
      for (Component component : Component.values()) {
        long layouts = written(release, component).count();
        require(
            layouts <= (component == Component.BOOT ? 2 : 1),
            release + " would write " + layouts + " layouts of " + component.label());
      }
    }
  }

  private Contract() {}

  /** Every version of that component, oldest first. */
  public static List<ContractVersion> versions(Component component) {
    return VERSIONS.stream().filter(version -> version.component() == component).toList();
  }

  /** Returns the version with that id. */
  public static Optional<ContractVersion> version(String id) {
    return VERSIONS.stream().filter(version -> version.id().equals(id)).findFirst();
  }

  /**
   * Returns every layout with a version string: several if kernels changed a layout under the same
   * string.
   */
  public static List<ContractVersion> versionsOf(String compatible) {
    return VERSIONS.stream().filter(version -> compatible.equals(version.compatible())).toList();
  }

  /**
   * Returns the versions of a component that a kernel release writes: none if the release lacks the
   * component, two for {@link Component#BOOT}, one for each architecture.
   */
  public static Stream<ContractVersion> written(String release, Component component) {
    return versions(component).stream().filter(version -> version.releases().includes(release));
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static ContractVersion kho(KhoLayout layout) {
    List<Structure> structures = new ArrayList<>(layout.map().structures());
    if (layout.has(KhoFeature.VMALLOC)) {
      structures.addAll(VMALLOC);
    }
    if (layout.has(KhoFeature.BLOCKS)) {
      structures.add(KhoBlock.STRUCTURE);
    }
    return new ContractVersion(
        Component.KHO,
        layout.id(),
        layout.version().compatible(),
        layout.releases(),
        layout.map(),
        structures,
        List.of(FdtLayout.root(layout.version())),
        List.of(),
        layout.meaning());
  }

  private static ContractVersion luo(LuoVersion version) {
    return version(
        Component.LUO,
        version.id(),
        version.compatible(),
        version.releases(),
        Stream.ofNullable(version.state()).toList(),
        Stream.ofNullable(version.tree()).toList(),
        List.of(),
        version.meaning());
  }

  private static ContractVersion memfd(MemfdVersion version) {
    return version(
        Component.MEMFD,
        version.compatible(),
        version.compatible(),
        version.releases(),
        List.of(version.structure()),
        List.of(),
        List.of(MEMFD_FOLIOS),
        version.meaning());
  }

  private static ContractVersion tree(
      Component component, FdtLayout tree, List<ContractVersion.Area> areas, String meaning) {
    return version(
        component,
        tree.compatible(),
        tree.compatible(),
        tree.releases(),
        List.of(),
        List.of(tree),
        areas,
        meaning);
  }

  /** Returns a version with every structure that its trees, first structures and areas lead to. */
  private static ContractVersion version(
      Component component,
      String id,
      @Nullable String compatible,
      Releases releases,
      List<Structure> first,
      List<FdtLayout> trees,
      List<ContractVersion.Area> areas,
      String meaning) {
    Set<Structure> reached = new LinkedHashSet<>();
    trees.stream()
        .flatMap(tree -> tree.properties().stream())
        .forEach(property -> reach(property.field().target(), reached));
    first.forEach(structure -> reach(structure, reached));
    areas.forEach(area -> reach(area.elements().target(), reached));
    return new ContractVersion(
        component, id, compatible, releases, null, List.copyOf(reached), trees, areas, meaning);
  }

  private static void reach(@Nullable Structure structure, Set<Structure> reached) {
    if (structure != null && !VMALLOC.contains(structure) && reached.add(structure)) {
      structure.fields().forEach(field -> reach(field.target(), reached));
      if (structure.elements() != null) {
        reach(structure.elements().target(), reached);
      }
    }
  }
}
