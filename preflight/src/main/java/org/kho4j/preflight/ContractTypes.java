package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/** The layouts that a version of the contract stands for, as the kernel would declare them. */
final class ContractTypes {

  private ContractTypes() {}

  /**
   * The structures of the versions that a handover is written in.
   *
   * @param form that of its map, if that is known: without, a structure that has several layouts
   *     under one version is left out
   */
  static Map<String, KernelType> ofVersions(
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
   * The structures that version strings stand for, each with every layout that it had under them:
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

  /** The tags of the structures that a part's versions stand for. */
  static List<String> expected(Profile kernel, Part part) {
    Speech speech = kernel.speech(part);
    return kernel
        .pageSize()
        .map(pageSize ->
            of(speech.versions(), pageSize, Optional.empty()).keySet().stream().sorted().toList())
        .orElse(List.of());
  }

  /** The properties that a version of KHO reads and that a kernel has no string for. */
  static List<String> missingProperties(KhoVersion version, Profile kernel) {
    return kernel
        .versions()
        .map(strings ->
            Stream.of(
                    KhoVersion.MAP_PROPERTY,
                    version.addressProperty(),
                    Objects.requireNonNullElse(version.sizeProperty(), ""))
                .filter(name -> name.contains("-") && !strings.contains(name))
                .map("it has no string \"%s\""::formatted)
                .toList())
        .orElse(List.of());
  }

  /** The version of KHO that a kernel says it speaks, if it is a known one. */
  static Optional<KhoVersion> version(Profile kernel) {
    return kernel.speech(Parts.KHO).versions().stream().findFirst().flatMap(KhoVersion::of);
  }

  /** Where a kernel does not lay things out as the versions that it claims have them. */
  static List<String> broken(Profile kernel) {
    Optional<PageSize> pageSize = kernel.pageSize();
    if (pageSize.isEmpty()) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (Part part : Parts.ALL) {
      Speech speech = kernel.speech(part);
      of(speech.versions(), pageSize.get(), Optional.empty())
          .forEach((name, layouts) ->
              kernel
                  .type(name)
                  .ifPresent(own ->
                      broken(own, layouts)
                          .forEach(text -> found.add(claim(kernel, speech, text)))));
    }
    constants(kernel, pageSize.get(), found);
    return found.stream().sorted().toList();
  }

  /** What sets a declaration apart from the last of the layouts; nothing if it is one of them. */
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

  private static void constants(Profile kernel, PageSize pageSize, List<String> found) {
    Speech kho = kernel.speech(Parts.KHO);
    Optional<KhoVersion> version = version(kernel);
    version.ifPresent(known ->
        missingProperties(known, kernel).forEach(text -> found.add(claim(kernel, kho, text))));
    version
        // The first of the forms is that of the latest release.
        .map(known -> known.mapForms().getFirst().radixConstants(pageSize))
        .orElse(Map.of())
        .forEach((name, value) -> {
          Long own = kernel.constants().get(name);
          if (own != null && !own.equals(value)) {
            found.add(claim(kernel, kho, "%s is %d, not %d".formatted(name, own, value)));
          }
        });
  }

  private static String claim(Profile kernel, Speech speech, String what) {
    return "%s claims %s, but %s".formatted(kernel.source(), speech.versions().getFirst(), what);
  }
}
