package org.kho4j.preflight.part;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Component;
import org.kho4j.abi.Contract;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.Structure;
import org.kho4j.abi.VersionString;
import org.kho4j.preflight.image.Feature;
import org.kho4j.preflight.layout.ContractLayouts;
import org.kho4j.preflight.layout.KernelType;

/**
 * A part of a handover with its own version. The parts that Linux has are the rows in {@link #ALL};
 * a new client of KHO is a new row.
 *
 * @param name name in kho's output
 * @param stems of its version strings, the main one first: {@code luo} of {@code luo-v5}
 * @param several whether the part has several strings of one stem, each with its own meaning
 * @param feature the evidence that a kernel has it
 * @param within the part that it arrives in; empty for the root
 * @param types the kernel's structures that its own version covers; of the root also {@link
 *     ContractLayouts#UNVERSIONED}
 * @param shared structures of other parts that it is read through
 * @param constants enumerators that decide its layout
 * @param absent its fate in a kernel that does not have it
 * @param other its fate in a kernel of another version
 * @param moved its fate in a kernel of the same version with another layout
 */
public record Part(
    String name,
    List<String> stems,
    boolean several,
    Feature feature,
    Optional<String> within,
    List<String> types,
    List<String> shared,
    List<String> constants,
    Fate absent,
    Fate other,
    Fate moved) {

  /**
   * The fate of a part in a real kernel, as of Linux 7.2 and 7.3 in the lab.
   *
   * @param verdict in a word
   * @param kernel in a clause, with the next kernel as "it"
   */
  public record Fate(Verdict verdict, String kernel) {}

  /** Structures that the version of KHO covers and through which other parts are read. */
  public static final List<String> SHARED =
      Stream.of(KhoVmalloc.STRUCTURE, KhoVmallocChunk.STRUCTURE, KhoBlock.STRUCTURE)
          .map(Structure::name)
          .toList();

  private static final Fate WRONG_PLACES =
      new Fate(
          Verdict.CORRUPT,
          "it does not notice, and misreads the bytes: jumps ended in wrong data, warnings or panics");

  private static final Fate NO_HANDLER =
      new Fate(
          Verdict.UNREACHABLE,
          "every open of /dev/liveupdate fails with EIO until the next boot, so other files are"
              + " lost as well");

  public static final Part KHO =
      row("kho", Feature.KHO)
          .types(Component.KHO, "khoser_mem_chunk_hdr")
          .types(ContractLayouts.UNVERSIONED)
          .constants("KHO_TREE_MAX_DEPTH", "KHO_TABLE_SIZE_LOG2", "KHO_BITMAP_SIZE_LOG2")
          .absent(lost("it reuses all memory without a message; nothing of the handover remains"))
          .other(
              lost(
                  "it logs \"incompatible\" and \"disabling KHO revival\", and boots; nothing of the handover"
                      + " remains"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part KEXEC_METADATA =
      row("kexec-metadata", Feature.KEXEC_METADATA)
          .within("kho")
          .types(Component.KEXEC_METADATA)
          .absent(degraded("it does not report which kernel it comes from"))
          .other(
              degraded(
                  "it warns, does not log the previous kernel's release, and counts kexecs from 1"
                      + " again"))
          .moved(degraded("it warns, or reports a wrong release and a wrong count of kexecs"))
          .build();

  public static final Part MEMBLOCK =
      row("memblock", Feature.MEMBLOCK)
          .within("kho")
          .stems("memblock", "reserve-mem")
          .absent(lost("it allocates new, empty reservations"))
          .other(lost("it warns, and allocates new, empty reservations"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part LUO =
      row("luo", Feature.LUO)
          .within("kho")
          .stems("luo", "luo-session", "luo-flb")
          .types(Component.LUO)
          .shared("kho_block_header_ser")
          .absent(lost("it has no /dev/liveupdate, so no session can be retrieved"))
          .other(new Fate(Verdict.PANIC, "it panics in early boot, also with liveupdate=off"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part MEMFD =
      row("memfd", Feature.MEMFD)
          .within("luo")
          .types(Component.MEMFD)
          .shared("kho_vmalloc", "kho_vmalloc_chunk")
          .always(NO_HANDLER)
          .moved(WRONG_PLACES)
          .build();

  /** Data that files share: the kernel's own tests have some. */
  public static final Part FLB =
      row("flb", Feature.TEST_FLB)
          .within("luo")
          .several()
          .absent(lost("no driver asks for them"))
          .other(lost("no driver asks for them under their old names"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part KHO_TEST =
      row("kho_test", Feature.KHO_TEST)
          .within("kho")
          .shared("kho_vmalloc", "kho_vmalloc_chunk")
          .absent(lost("no module looks for the test data"))
          .other(lost("its test module logs \"KHO restore failed\""))
          .moved(WRONG_PLACES)
          .build();

  /** All known parts, containers before their contents. */
  public static final List<Part> ALL =
      List.of(KHO, KEXEC_METADATA, MEMBLOCK, LUO, MEMFD, FLB, KHO_TEST);

  public Part {
    stems = List.copyOf(stems);
    types = List.copyOf(types);
    shared = List.copyOf(shared);
    constants = List.copyOf(constants);
  }

  /** Returns the part of that name. */
  public static Optional<Part> of(String name) {
    return ALL.stream().filter(part -> part.name.equals(name)).findFirst();
  }

  /** Returns the part that a subtree of the root FDT holds. */
  public static Optional<Part> ofSubtree(String name) {
    return name.equals(LuoSer.SUBTREE)
        ? Optional.of(LUO)
        : of(name).filter(part -> part.isWithin(KHO) && !part.equals(LUO));
  }

  /** Returns the part that a path is in; empty for the root and for unknown subtrees. */
  public static Optional<Part> ofPath(String path) {
    String[] names = path.split("/", 3);
    return names.length < 2
        ? Optional.empty()
        : ofSubtree(names[1])
            .map(part -> part.equals(LUO) && path.contains("/file ") ? MEMFD : part);
  }

  /** Returns the part of an entry of an image's table. */
  public static Optional<Part> ofTable(String name) {
    return ALL.stream()
        .filter(part -> part.isOf(name) || part.name.equalsIgnoreCase(name))
        .findFirst();
  }

  /** Returns a part for a kind of file without a row. */
  public static Part fileHandler(String handler) {
    String stem = VersionString.stem(handler);
    return row(stem, Feature.versioned(stem)).within("luo").always(NO_HANDLER).build();
  }

  /** Returns a part for data that files share, without a row. */
  public static Part flb(String name) {
    String stem = VersionString.stem(name);
    return row(stem, Feature.versioned(stem))
        .within("luo")
        .several()
        .always(lost("no driver asks for it under this name"))
        .build();
  }

  /** Returns a part for a subtree without a row. */
  public static Part unknownSubtree(String name) {
    return row(name, Feature.versioned(name))
        .within("kho")
        .always(lost("no client looks for it"))
        .build();
  }

  /** Returns the tags of the structures that it has or is read through. */
  public Stream<String> tags() {
    return Stream.concat(types.stream(), shared.stream());
  }

  /** Returns the tags of the structures of all parts. */
  public static Set<String> allTypes() {
    Set<String> types = new TreeSet<>(SHARED);
    ALL.forEach(part -> types.addAll(part.types));
    return types;
  }

  /** Returns whether a version string is the part's. */
  public boolean isOf(String version) {
    return stems.contains(VersionString.stem(version));
  }

  /** Returns the stem of one of the part's versions; a bare number has the main stem. */
  public String stemOf(String version) {
    String stem = VersionString.stem(version);
    return stems.contains(stem) ? stem : stems.getFirst();
  }

  /** Returns whether the part arrives in another. */
  public boolean isWithin(Part container) {
    return within.equals(Optional.of(container.name));
  }

  private static Fate degraded(String kernel) {
    return new Fate(Verdict.DEGRADED, kernel);
  }

  private static Fate lost(String kernel) {
    return new Fate(Verdict.LOST, kernel);
  }

  /** Starts a row, with the version string of its feature. */
  private static Row row(String name, Feature feature) {
    return new Row(name, feature);
  }

  /** Builds a part: properties that are not set are empty. */
  private static final class Row {
    private final String name;
    private final Feature feature;
    private List<String> stems;
    private boolean several;
    private Optional<String> within = Optional.empty();
    private List<String> types = List.of();
    private List<String> shared = List.of();
    private List<String> constants = List.of();
    private @Nullable Fate absent;
    private @Nullable Fate other;
    private @Nullable Fate moved;

    Row(String name, Feature feature) {
      this.name = name;
      this.feature = feature;
      stems = List.of(feature.stem().isEmpty() ? feature.marker() : feature.stem());
    }

    Row stems(String... all) {
      stems = List.of(all);
      return this;
    }

    Row several() {
      several = true;
      return this;
    }

    Row within(String part) {
      within = Optional.of(part);
      return this;
    }

    /** Adds tags of structures. */
    Row types(List<String> tags) {
      types = Stream.concat(types.stream(), tags.stream()).toList();
      return this;
    }

    /** Sets the tags of a component's structures, and of others. */
    Row types(Component component, String... others) {
      types =
          Stream.concat(
                  Contract.versions(component).stream()
                      .flatMap(version -> version.structures().stream())
                      .map(Structure::name)
                      .filter(name -> KernelType.isTag(name) && !SHARED.contains(name)),
                  Stream.of(others))
              .distinct()
              .toList();
      return this;
    }

    Row shared(String... tags) {
      shared = List.of(tags);
      return this;
    }

    Row constants(String... enumerators) {
      constants = List.of(enumerators);
      return this;
    }

    Row absent(Fate fate) {
      absent = fate;
      return this;
    }

    Row other(Fate fate) {
      other = fate;
      return this;
    }

    Row moved(Fate fate) {
      moved = fate;
      return this;
    }

    Row always(Fate fate) {
      return absent(fate).other(fate).moved(fate);
    }

    Part build() {
      return new Part(
          name,
          stems,
          several,
          feature,
          within,
          types,
          shared,
          constants,
          Objects.requireNonNull(absent, "absent"),
          Objects.requireNonNull(other, "other"),
          Objects.requireNonNull(moved, "moved"));
    }
  }
}
