package org.kho4j.preflight.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.VersionString;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.Footprint;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.part.Part;

/**
 * The versions and layouts of a kernel. A profile replaces the kernel: read from its image, kept in
 * a file, or made from the contract for a handover whose kernel is not at hand.
 *
 * @param source the file that it was read from, for people
 * @param release as {@code uname -r} prints it
 * @param architecture of the machines that it runs on
 * @param pageSize its page size
 * @param parts its support of each {@link Part}, by the names of the parts
 * @param versions every string in it that looks like a version, and the names of the contract's
 *     properties that it has; empty if its strings were not available
 * @param types the contract's structures as it declares them, by their tags; empty where it carries
 *     no types
 * @param constants the contract's enumerators as it declares them
 * @param config the options of its configuration, if that is in the image or beside it
 * @param footprint the memory that kexec needs for it, where its image has that
 */
public record Profile(
    String source,
    Optional<String> release,
    Architecture architecture,
    Optional<PageSize> pageSize,
    Map<String, Support> parts,
    Optional<List<String>> versions,
    Optional<Map<String, KernelType>> types,
    Map<String, Long> constants,
    Optional<KernelConfig> config,
    Optional<Footprint> footprint) {

  /** End of the stem of a file handler in a development tree that is no row there. */
  private static final String UNDERSCORED = "_luo";

  public Profile {
    parts = Map.copyOf(parts);
    versions = versions.map(List::copyOf);
    types = types.map(Map::copyOf);
    constants = Map.copyOf(constants);
  }

  /** Returns the kernel's support of a part, also of a part that has no row. */
  public Support support(Part part) {
    Support known = parts.get(part.name());
    if (known != null) {
      return known;
    }
    List<String> found = withStem(part.stems());
    if (!found.isEmpty()) {
      return Support.yes(found, "string \"" + found.getFirst() + "\"");
    }
    return Support.unknown(
        versions.isEmpty()
            ? "its strings are not available"
            : "no version of \"%s\" in its strings; it may be in a module"
                .formatted(part.stems().getFirst()));
  }

  /** Compares beginnings first: a kernel may have thousands of parts and versions. */
  private List<String> withStem(List<String> stems) {
    List<String> found = new ArrayList<>();
    for (String version : versions.orElse(List.of())) {
      for (String stem : stems) {
        if (version.startsWith(stem) && VersionString.stem(version).equals(stem)) {
          found.add(version);
        }
      }
    }
    return found;
  }

  /**
   * Returns the file handlers and FLBs without a row that the kernel has in its strings or its
   * table: those of development trees, and names that end in {@code _luo_vN}.
   */
  public List<Part> clients() {
    if (support(Part.LUO).state() == Support.State.NO) {
      return List.of();
    }
    Map<String, Part> clients = new TreeMap<>();
    Stream.concat(
            versions.orElse(List.of()).stream(),
            parts.values().stream().flatMap(support -> support.versions().stream()))
        .filter(name -> Part.ALL.stream().noneMatch(part -> part.isOf(name)))
        .flatMap(name -> client(name).stream())
        .forEach(part -> clients.put(part.name(), part));
    return List.copyOf(clients.values());
  }

  private static Optional<Part> client(String name) {
    String stem = VersionString.stem(name);
    Optional<DevelopmentLayout> row =
        DevelopmentLayout.ALL.stream()
            .filter(layout -> VersionString.stem(layout.name()).equals(stem))
            .findFirst();
    if (row.isEmpty() && !stem.endsWith(UNDERSCORED)) {
      return Optional.empty();
    }
    boolean flb = row.filter(layout -> layout.kind() == DevelopmentLayout.Kind.FLB).isPresent();
    return Optional.of(flb ? Part.flb(name) : Part.fileHandler(name));
  }

  /** Returns the profile with the support of other parts. */
  public Profile withParts(Map<String, Support> others) {
    return new Profile(
        source,
        release,
        architecture,
        pageSize,
        others,
        versions,
        types,
        constants,
        config,
        footprint);
  }

  /** Returns the kernel's declaration of a structure, if it has one. */
  public Optional<KernelType> type(String name) {
    return types.map(all -> all.get(name));
  }
}
