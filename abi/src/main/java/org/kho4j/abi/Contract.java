package org.kho4j.abi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The whole contract: every version of every component, and which release writes which. */
public final class Contract {

  private static final Map<KhoVersion.MapForm, List<Structure>> MAPS =
      Map.of(
          KhoVersion.MapForm.BITMAPS_512,
          List.of(KhoserMemChunk.STRUCTURE, KhoserMemChunk.ELEMENT, KhoserMemChunk.SMALL_BITMAP),
          KhoVersion.MapForm.BITMAPS_PAGE,
          List.of(KhoserMemChunk.STRUCTURE, KhoserMemChunk.ELEMENT, KhoserMemChunk.PAGE_BITMAP),
          KhoVersion.MapForm.RADIX_SHORT,
          List.of(KhoRadix.NODE, KhoRadix.LEAF),
          KhoVersion.MapForm.RADIX,
          List.of(KhoRadix.NODE, KhoRadix.LEAF));
  private static final List<Structure> LUO_ARRAYS =
      List.of(
          LuoArrays.SESSIONS,
          LuoSession.BEFORE_BLOCKS,
          LuoFileSet.BEFORE_BLOCKS,
          LuoArrays.FILES,
          LuoFile.STRUCTURE);
  private static final List<Structure> FLB = List.of(LuoFlb.HEADER, LuoFlb.STRUCTURE);

  private static final ContractVersion.Area MEMFD_FOLIOS =
      new ContractVersion.Area(
          MemfdSer.V2.name(),
          "folios",
          Field.embedded(0, "folios", MemfdFolio.STRUCTURE, "nr_folios entries"));

  /** Every version of every component: components in order, versions oldest first. */
  public static final List<ContractVersion> VERSIONS =
      withKho(
          luo(LuoVersion.V1_WITHOUT_FLBS, List.of(FdtLayout.LUO_V1_WITHOUT_FLB), LUO_ARRAYS),
          luo(LuoVersion.V1, List.of(FdtLayout.LUO_V1), LUO_ARRAYS, FLB),
          luo(
              LuoVersion.V2,
              List.of(FdtLayout.LUO_V2),
              List.of(LuoAbiHeader.STRUCTURE),
              LUO_ARRAYS,
              FLB),
          luo(LuoVersion.V3, List.of(), List.of(LuoSer.V3), LUO_ARRAYS, FLB),
          luo(
              LuoVersion.V4,
              List.of(),
              List.of(
                  LuoSer.V4,
                  LuoBlocks.SESSIONS_V4,
                  LuoSession.BEFORE_BLOCKS,
                  LuoFileSet.BEFORE_BLOCKS,
                  LuoArrays.FILES,
                  LuoFile.STRUCTURE),
              FLB),
          luo(
              LuoVersion.V5,
              List.of(),
              List.of(
                  LuoSer.STRUCTURE,
                  LuoBlocks.SESSIONS,
                  LuoSession.STRUCTURE,
                  LuoFileSet.STRUCTURE,
                  LuoBlocks.FILES,
                  LuoFile.STRUCTURE),
              FLB),
          memfd(MemfdVersion.V1),
          memfd(MemfdVersion.V2),
          single(
              Component.KEXEC_METADATA,
              "kexec-metadata-1",
              Integer.toString(KexecMetadata.VERSION_1),
              KexecMetadata.STRUCTURE,
              "The number is the structure's first field."),
          tree(
              Component.MEMBLOCK,
              FdtLayout.MEMBLOCK,
              "Addresses and sizes are raw numbers, though the tree looks as if they were cells.",
              List.of()),
          tree(
              Component.KHO_TEST,
              FdtLayout.KHO_TEST,
              "6.16 and 6.17 kept the array of addresses in the tree itself; that layout is not recorded here.",
              List.of(
                  new ContractVersion.Area(
                      "kho_test:/data",
                      "folios_info",
                      Field.phys(
                          0,
                          "folios",
                          null,
                          "nr_folios entries: a folio's physical address, its order in the bits below PAGE_SIZE")))),
          boot(
              "boot-x86-64",
              List.of(SetupData.STRUCTURE, KhoScratch.STRUCTURE),
              List.of(),
              "A record of the boot parameters' setup_data list."),
          boot(
              "boot-arm64",
              List.of(KhoScratch.STRUCTURE),
              List.of(FdtLayout.CHOSEN),
              "Two properties of the machine's own device tree."));

  /**
   * The releases, oldest first, at which some layout changed: what a release in between writes, the
   * one before it says.
   */
  public static final List<String> RELEASES =
      List.of("6.16", "6.17.9", "6.18", "6.19", "7.0", "7.1", "7.2", Releases.NEWEST);

  static {
    Set<String> ids = new HashSet<>();
    for (ContractVersion version : VERSIONS) {
      require(ids.add(version.id()), version + " is there twice");
      Targets.requireResolved(version);
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

  /** The version with that id. */
  public static Optional<ContractVersion> version(String id) {
    return VERSIONS.stream().filter(version -> version.id().equals(id)).findFirst();
  }

  /**
   * Every layout that goes by that string: more than one where kernels changed a layout and left
   * the string alone.
   */
  public static List<ContractVersion> versionsOf(String compatible) {
    return VERSIONS.stream().filter(version -> compatible.equals(version.compatible())).toList();
  }

  /**
   * What a kernel release writes of a component: nothing where it has none of it, two for {@link
   * Component#BOOT}, one for each architecture.
   */
  public static Stream<ContractVersion> written(String release, Component component) {
    return versions(component).stream().filter(version -> version.releases().includes(release));
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static List<ContractVersion> withKho(ContractVersion... others) {
    return Stream.concat(KhoLayout.ALL.stream().map(Contract::kho), Arrays.stream(others)).toList();
  }

  private static ContractVersion kho(KhoLayout layout) {
    List<Structure> structures = new ArrayList<>(MAPS.get(layout.map()));
    if (layout.vmalloc()) {
      structures.addAll(List.of(KhoVmalloc.STRUCTURE, KhoVmallocChunk.STRUCTURE));
    }
    if (layout.blocks()) {
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

  @SafeVarargs
  @SuppressWarnings("varargs")
  private static ContractVersion luo(
      LuoVersion version, List<FdtLayout> trees, List<Structure>... structures) {
    return new ContractVersion(
        Component.LUO,
        version.id(),
        version.compatible(),
        version.releases(),
        null,
        Arrays.stream(structures).flatMap(List::stream).toList(),
        trees,
        List.of(),
        version.meaning());
  }

  private static ContractVersion memfd(MemfdVersion version) {
    return new ContractVersion(
        Component.MEMFD,
        version.compatible(),
        version.compatible(),
        version.releases(),
        null,
        List.of(version.structure(), MemfdFolio.STRUCTURE),
        List.of(),
        List.of(MEMFD_FOLIOS),
        version.meaning());
  }

  private static ContractVersion single(
      Component component, String id, @Nullable String compatible, Structure it, String meaning) {
    return new ContractVersion(
        component, id, compatible, it.releases(), null, List.of(it), List.of(), List.of(), meaning);
  }

  private static ContractVersion tree(
      Component component, FdtLayout tree, String meaning, List<ContractVersion.Area> areas) {
    return new ContractVersion(
        component,
        tree.compatible(),
        tree.compatible(),
        tree.releases(),
        null,
        List.of(),
        List.of(tree),
        areas,
        meaning);
  }

  private static ContractVersion boot(
      String id, List<Structure> structures, List<FdtLayout> trees, String meaning) {
    return new ContractVersion(
        Component.BOOT,
        id,
        null,
        Releases.since("6.16"),
        null,
        structures,
        trees,
        List.of(),
        meaning);
  }
}
