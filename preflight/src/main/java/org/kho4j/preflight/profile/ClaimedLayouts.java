package org.kho4j.preflight.profile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.layout.ContractLayouts;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.TypeDifference;
import org.kho4j.preflight.part.Part;

/**
 * Compares the layouts of a kernel with those of the versions that it claims.
 *
 * @param kernel the profile of the kernel
 */
public record ClaimedLayouts(Profile kernel) {

  /**
   * Returns the structures of the versions that a handover is written in.
   *
   * @param form form of the map, if it is known; without it, a structure that has several layouts
   *     under one version is left out
   */
  public static Map<String, KernelType> ofHandover(
      Map<String, Support> parts, PageSize pageSize, Optional<MapForm> form) {
    Map<String, KernelType> types = new HashMap<>();
    for (Support part : parts.values()) {
      ContractLayouts.of(part.versions(), pageSize, form)
          .forEach((name, layouts) -> {
            if (layouts.size() == 1) {
              types.put(name, layouts.getFirst());
            }
          });
    }
    return types;
  }

  /** Returns the version of KHO that the kernel claims, if the version is known. */
  public Optional<KhoVersion> version() {
    return kernel.support(Part.KHO).versions().stream().findFirst().flatMap(KhoVersion::of);
  }

  /**
   * Returns the places where the kernel breaks the layouts of the versions that it claims, a clause
   * each: {@code … claims kho-v4, but kho_vmalloc.order is at offset 12, not offset 14}.
   */
  public List<String> findings() {
    return Stream.concat(
            Part.ALL.stream()
                .map(kernel::support)
                .flatMap(support ->
                    brokenTypes(support).values().stream()
                        .flatMap(List::stream)
                        .map(text -> finding(support, text))),
            brokenMap().map(text -> finding(kernel.support(Part.KHO), text)))
        .sorted()
        .toList();
  }

  private String finding(Support support, String text) {
    return "%s claims %s, but %s".formatted(kernel.source(), support.versions().getFirst(), text);
  }

  /**
   * Returns whether the kernel breaks the layout of a part, or of a structure through which the
   * part is read.
   */
  public boolean isBroken(Part part) {
    Set<String> names = part.tags().collect(Collectors.toSet());
    return Part.ALL.stream()
            .flatMap(one -> brokenTypes(kernel.support(one)).keySet().stream())
            .anyMatch(names::contains)
        || (part.equals(Part.KHO) && isMapBroken());
  }

  /**
   * Returns whether the kernel has, under the part's own versions, another layout of one of these
   * structures or of the map than released kernels.
   */
  public boolean breaksVersion(Part part, Collection<String> tags) {
    return brokenTypes(kernel.support(part)).keySet().stream().anyMatch(tags::contains)
        || (part.equals(Part.KHO) && isMapBroken());
  }

  /** Returns the sentence for {@link #hasPlacesOnly}. */
  public static String placesOnly(Profile kernel) {
    return kernel.source()
        + " has no sizes of elements and no inner structures, which were not compared: save the"
        + " profile again";
  }

  /** Returns whether the sizes of elements and the inner structures of a part are unknown. */
  public boolean hasPlacesOnly(Part part) {
    return part.tags()
        .flatMap(tag -> kernel.type(tag).stream())
        .anyMatch(KernelType::hasPlacesOnly);
  }

  /**
   * Returns the structures and enumerators that a kernel of a part's versions has, but that are not
   * among its types.
   */
  public List<String> lacking(Part part) {
    if (kernel.types().isEmpty() || kernel.pageSize().isEmpty()) {
      return List.of();
    }
    PageSize pageSize = kernel.pageSize().get();
    Stream<String> constants =
        part.equals(Part.KHO)
            ? version().stream().flatMap(version -> constants(version, pageSize))
            : Stream.of();
    // Those of KHO cover the structures that several parts are read through.
    List<String> versions =
        Stream.of(part, Part.KHO)
            .flatMap(one -> kernel.support(one).versions().stream())
            .distinct()
            .toList();
    // Without the parts that are read through it, a kernel may lack a structure.
    Set<String> ofPart = part.tags().collect(Collectors.toSet());
    return Stream.concat(
            ContractLayouts.certain(versions, pageSize).stream()
                .filter(ofPart::contains)
                .filter(name -> kernel.type(name).isEmpty())
                .map("struct "::concat),
            constants.filter(name -> !kernel.constants().containsKey(name)))
        .toList();
  }

  /** Returns the enumerators that every form of a version's map has. */
  private static Stream<String> constants(KhoVersion version, PageSize pageSize) {
    return version.mapForms().stream()
        .map(form -> form.radixConstants(pageSize).keySet())
        .reduce((one, other) -> one.equals(other) ? one : Set.of())
        .stream()
        .flatMap(Set::stream)
        .sorted();
  }

  /**
   * Returns the properties that a version of KHO reads and for which the kernel has no string, a
   * clause each.
   */
  public List<String> missingProperties(KhoVersion version) {
    return kernel
        .versions()
        .map(strings ->
            Stream.of(version.mapPointer(), version.addressProperty(), version.sizeProperty())
                .filter(Objects::nonNull)
                .map(Field::name)
                .filter(name -> name.contains("-") && !strings.contains(name))
                .map("it has no string \"%s\""::formatted)
                .toList())
        .orElse(List.of());
  }

  /** Returns the differences of each structure that deviates from all layouts of versions. */
  private Map<String, List<String>> brokenTypes(Support support) {
    Map<String, List<String>> found = new HashMap<>();
    kernel
        .pageSize()
        .map(size -> ContractLayouts.of(support.versions(), size, Optional.empty()))
        .orElse(Map.of())
        .forEach((name, layouts) ->
            kernel
                .type(name)
                .map(own -> broken(own, layouts))
                .filter(differences -> !differences.isEmpty())
                .ifPresent(differences -> found.put(name, differences)));
    return found;
  }

  /**
   * Returns the differences between a declaration and the last of the layouts; none if the
   * declaration is one of the layouts.
   */
  private static List<String> broken(KernelType own, List<KernelType> layouts) {
    List<String> differences = List.of();
    for (KernelType layout : layouts) {
      differences =
          KernelPair.differences(layout, own)
              .filter(TypeDifference::matters)
              .map(TypeDifference::text)
              .toList();
      if (differences.isEmpty()) {
        return differences;
      }
    }
    return differences;
  }

  /** Returns whether the kernel's map has no form that its version ever had. */
  private boolean isMapBroken() {
    return version()
        .filter(known ->
            !missingProperties(known).isEmpty()
                || known.mapForms().stream().noneMatch(form -> brokenConstants(form).isEmpty()))
        .isPresent();
  }

  /**
   * Returns the properties and constants of the preserved map that differ from those of its
   * version.
   */
  private Stream<String> brokenMap() {
    // The first of the forms is that of the latest release.
    return version().stream()
        .flatMap(known ->
            Stream.concat(
                missingProperties(known).stream(),
                brokenConstants(known.mapForms().getFirst()).stream()));
  }

  private List<String> brokenConstants(MapForm form) {
    List<String> found = new ArrayList<>();
    kernel
        .pageSize()
        .map(form::radixConstants)
        .orElse(Map.of())
        .forEach((name, value) -> {
          Long own = kernel.constants().get(name);
          if (own != null && !own.equals(value)) {
            found.add("%s is %d, not %d".formatted(name, own, value));
          }
        });
    return found;
  }
}
