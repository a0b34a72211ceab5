package org.kho4j.preflight.profile;

import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.Difference;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Parts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/** The layouts that the versions of the contract cover, as the kernel declares them. */
public final class ClaimedLayouts {

  private ClaimedLayouts() {}

  /**
   * Returns the structures of the versions that a handover is written in.
   *
   * @param form form of the map, if it is known; without it, a structure that has several layouts
   *     under one version is left out
   */
  public static Map<String, KernelType> ofVersions(
      Map<String, Speech> parts, PageSize pageSize, Optional<MapForm> form) {
    Map<String, KernelType> types = new HashMap<>();
    parts
        .values()
        .forEach(speech ->
            of(speech.versions(), pageSize, form)
                .forEach((name, layouts) -> {
                  if (layouts.size() == 1) {
                    types.put(name, layouts.getFirst());
                  }
                }));
    return types;
  }

  /**
   * Returns the structures of version strings, each with every layout that it had under them:
   * kho-v1's bitmaps have two.
   */
  private static Map<String, List<KernelType>> of(
      List<String> versions, PageSize pageSize, Optional<MapForm> form) {
    Map<String, List<KernelType>> types = new HashMap<>();
    for (ContractVersion version : Contract.VERSIONS) {
      boolean other = form.isPresent() && version.map() != null && version.map() != form.get();
      if (version.compatible() != null && versions.contains(version.compatible()) && !other) {
        for (Structure structure : version.structures()) {
          KernelType.of(structure, pageSize)
              .ifPresent(type -> {
                List<KernelType> layouts =
                    types.computeIfAbsent(type.name(), _ -> new ArrayList<>());
                if (!layouts.contains(type)) {
                  layouts.add(type);
                }
              });
        }
      }
    }
    return types;
  }

  private static Map<String, List<KernelType>> of(Profile kernel, Speech speech) {
    return kernel
        .pageSize()
        .map(pageSize -> of(speech.versions(), pageSize, Optional.empty()))
        .orElse(Map.of());
  }

  /**
   * Returns the tags of the structures that a kernel of a part's versions has, whatever its
   * release.
   */
  private static List<String> expected(Profile kernel, Part part) {
    Speech speech = kernel.speech(part);
    return of(kernel, speech).entrySet().stream()
        .filter(entry -> entry.getValue().size() == 1)
        .map(Map.Entry::getKey)
        .filter(name -> isInEveryForm(name, speech.versions()))
        .sorted()
        .toList();
  }

  /**
   * Returns the structures and enumerators that a kernel of a part's versions has, but that are not
   * among its types.
   */
  public static List<String> lacking(Profile kernel, Part part) {
    if (kernel.types().isEmpty()) {
      return List.of();
    }
    Stream<String> constants =
        part.equals(Parts.KHO)
            ? version(kernel).stream().flatMap(known -> constants(kernel, known))
            : Stream.of();
    return Stream.concat(
            expected(kernel, part).stream()
                // Without the parts that are read through it, a kernel may lack a structure.
                .filter(name -> part.types().contains(name) || part.shared().contains(name))
                .filter(name -> kernel.type(name).isEmpty())
                .map("struct "::concat),
            constants.filter(name -> !kernel.constants().containsKey(name)))
        .toList();
  }

  /** Returns the enumerators that every form of a version's map has. */
  private static Stream<String> constants(Profile kernel, KhoVersion version) {
    return version.mapForms().stream()
        .map(form -> kernel.pageSize().map(form::radixConstants).orElse(Map.of()).keySet())
        .reduce((one, other) -> one.equals(other) ? one : Set.of())
        .stream()
        .flatMap(Set::stream)
        .sorted();
  }

  /** Returns whether a structure is in all forms of the versions that have it in any form. */
  private static boolean isInEveryForm(String name, List<String> versions) {
    return Contract.VERSIONS.stream()
        .filter(version -> version.compatible() != null && versions.contains(version.compatible()))
        .collect(Collectors.groupingBy(version -> String.valueOf(version.compatible())))
        .values()
        .stream()
        .map(forms ->
            forms.stream()
                .map(form ->
                    form.structures().stream().anyMatch(structure -> name.equals(structure.name())))
                .collect(Collectors.toSet()))
        .allMatch(answers -> answers.size() == 1);
  }

  /** Returns the properties that a version of KHO reads and for which a kernel has no string. */
  public static List<String> missingProperties(KhoVersion version, Profile kernel) {
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

  /** Returns the version of KHO that a kernel claims, if the version is known. */
  public static Optional<KhoVersion> version(Profile kernel) {
    return kernel.speech(Parts.KHO).versions().stream().findFirst().flatMap(KhoVersion::of);
  }

  /**
   * Returns the places where a kernel breaks the layouts of the versions that it claims, a clause
   * each.
   */
  public static List<String> broken(Profile kernel) {
    return Stream.concat(
            Parts.ALL.stream()
                .flatMap(part -> {
                  Speech speech = kernel.speech(part);
                  return brokenTypes(kernel, speech).values().stream()
                      .flatMap(List::stream)
                      .map(text -> claim(kernel, speech, text));
                }),
            brokenMap(kernel).stream().map(text -> claim(kernel, kernel.speech(Parts.KHO), text)))
        .sorted()
        .toList();
  }

  /**
   * Returns whether a kernel breaks the layout of a part, or of a structure through which the part
   * is read.
   */
  public static boolean isBroken(Profile kernel, Part part) {
    Set<String> names = new HashSet<>(part.types());
    names.addAll(part.shared());
    return Parts.ALL.stream()
            .flatMap(one -> brokenTypes(kernel, kernel.speech(one)).keySet().stream())
            .anyMatch(names::contains)
        || (part.equals(Parts.KHO) && isMapBroken(kernel));
  }

  /** Returns whether a kernel's map has no form that its version ever had. */
  private static boolean isMapBroken(Profile kernel) {
    return version(kernel)
        .filter(known ->
            !missingProperties(known, kernel).isEmpty()
                || known.mapForms().stream()
                    .noneMatch(form -> brokenConstants(kernel, form).isEmpty()))
        .isPresent();
  }

  /**
   * Returns the differences of each structure that deviates from the layouts of a part's versions.
   */
  private static Map<String, List<String>> brokenTypes(Profile kernel, Speech speech) {
    Map<String, List<String>> found = new HashMap<>();
    of(kernel, speech)
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
          Difference.between(layout, own).stream()
              .filter(Difference::matters)
              .map(Difference::text)
              .toList();
      if (differences.isEmpty()) {
        return differences;
      }
    }
    return differences;
  }

  /**
   * Returns the properties and constants of the preserved map that differ from those of its
   * version.
   */
  private static List<String> brokenMap(Profile kernel) {
    // The first of the forms is that of the latest release.
    return version(kernel)
        .map(known ->
            Stream.concat(
                    missingProperties(known, kernel).stream(),
                    brokenConstants(kernel, known.mapForms().getFirst()).stream())
                .toList())
        .orElse(List.of());
  }

  private static List<String> brokenConstants(Profile kernel, MapForm form) {
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

  private static String claim(Profile kernel, Speech speech, String what) {
    return "%s claims %s, but %s".formatted(kernel.source(), speech.versions().getFirst(), what);
  }
}
