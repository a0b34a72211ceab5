package org.kho4j.preflight.profile;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.Footprint;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.part.Part;

/** Profiles of kernels as the contract has them, and of such as keep to it less. */
public final class Kernels {

  public static final Profile LINUX_7_3 =
      kernel(
          "7.3",
          Map.of(
              Part.KHO, List.of("kho-v4"),
              Part.KEXEC_METADATA, List.of("1"),
              Part.MEMBLOCK, List.of("memblock-v1", "reserve-mem-v1"),
              Part.LUO, List.of("luo-v5"),
              Part.MEMFD, List.of("memfd-v2")));

  private Kernels() {}

  public static Profile kernel(String name, Map<Part, List<String>> versions) {
    return kernel(name, PageSize.SIZE_4K, versions);
  }

  public static Profile kernel(String name, PageSize pageSize, Map<Part, List<String>> versions) {
    Map<String, Support> parts = new HashMap<>();
    Part.ALL.forEach(part -> parts.put(part.name(), Support.no("a test")));
    versions.forEach((part, strings) -> parts.put(part.name(), Support.yes(strings, "a test")));
    return new Profile(
        name,
        Optional.of(name),
        Architecture.UNKNOWN,
        Optional.of(pageSize),
        parts,
        Optional.empty(),
        Optional.of(ClaimedLayouts.ofHandover(parts, pageSize, Optional.empty())),
        versions.getOrDefault(Part.KHO, List.of()).stream()
            .findFirst()
            .flatMap(KhoVersion::of)
            .map(version -> version.mapForms().getFirst().radixConstants(pageSize))
            .orElse(Map.of()),
        Optional.empty(),
        Optional.empty());
  }

  /** Linux 7.3 with another version of a part. */
  public static Profile with(Part part, String version) {
    return with(LINUX_7_3, part, version);
  }

  /** Linux 7.3 with another support of a part. */
  public static Profile with(Part part, Support support) {
    return with(LINUX_7_3, part, support);
  }

  public static Profile with(Profile kernel, Part part, String version) {
    return with(kernel, part, Support.yes(List.of(version), "a test"));
  }

  /** Linux 7.3 without a part. */
  public static Profile without(Part part) {
    return with(LINUX_7_3, part, Support.no("a test"));
  }

  public static Profile with(Profile kernel, Part part, Support support) {
    Map<String, Support> parts = new HashMap<>(kernel.parts());
    parts.put(part.name(), support);
    return copy(kernel, parts, kernel.versions(), kernel.types());
  }

  /** A kernel of which the types alone are known. */
  public static Profile silent(Profile kernel) {
    Map<String, Support> parts = new HashMap<>();
    kernel.parts().keySet().forEach(name -> parts.put(name, Support.unknown("a test")));
    return copy(kernel, parts, Optional.empty(), kernel.types());
  }

  /** Linux 7.3 for x86-64 or arm64, with a size in memory. */
  public static Profile loaded(Architecture architecture, Footprint footprint) {
    return new Profile(
        "loaded",
        LINUX_7_3.release(),
        architecture,
        LINUX_7_3.pageSize(),
        LINUX_7_3.parts(),
        LINUX_7_3.versions(),
        LINUX_7_3.types(),
        LINUX_7_3.constants(),
        LINUX_7_3.config(),
        Optional.of(footprint));
  }

  /** Linux 7.3 with these strings in it, and no others. */
  public static Profile withStrings(List<String> strings) {
    return copy(LINUX_7_3, LINUX_7_3.parts(), Optional.of(strings), LINUX_7_3.types());
  }

  /** Linux 7.3 with another declaration of a structure. */
  public static Profile withType(KernelType type) {
    return withType(LINUX_7_3, type);
  }

  /** A kernel whose types lack a structure. */
  public static Profile without(Profile kernel, String type) {
    Map<String, KernelType> types = new HashMap<>(kernel.types().orElseThrow());
    types.remove(type);
    return copy(kernel, kernel.parts(), kernel.versions(), Optional.of(types));
  }

  /** A kernel whose types lack the enumerators. */
  public static Profile withoutConstants(Profile kernel) {
    return withConstants(kernel, Map.of());
  }

  /** Linux 7.3 with another value of an enumerator. */
  public static Profile withConstant(String name, long value) {
    Map<String, Long> constants = new HashMap<>(LINUX_7_3.constants());
    constants.put(name, value);
    return withConstants(LINUX_7_3, constants);
  }

  private static Profile withConstants(Profile kernel, Map<String, Long> constants) {
    return new Profile(
        kernel.source(),
        kernel.release(),
        kernel.architecture(),
        kernel.pageSize(),
        kernel.parts(),
        kernel.versions(),
        kernel.types(),
        constants,
        kernel.config(),
        kernel.footprint());
  }

  /** A kernel of which an older kho wrote the profile. */
  public static Profile withPlacesOnly(Profile kernel) {
    Map<String, KernelType> types = new HashMap<>();
    kernel
        .types()
        .orElseThrow()
        .forEach((name, type) ->
            types.put(
                name,
                new KernelType(
                    name,
                    type.size(),
                    type.members().stream()
                        .map(each -> new Member(each.name(), each.bitOffset(), each.bitSize()))
                        .toList())));
    return copy(kernel, kernel.parts(), kernel.versions(), Optional.of(types));
  }

  public static Profile withType(Profile kernel, KernelType type) {
    Map<String, KernelType> types = new HashMap<>(kernel.types().orElseThrow());
    types.put(type.name(), type);
    return copy(kernel, kernel.parts(), kernel.versions(), Optional.of(types));
  }

  /** Linux 7.3 whose configuration tells whether KHO is on without {@code kho=}. */
  public static Profile withKhoByDefault(boolean on) {
    return with(new KernelConfig(on, "", KernelConfig.Use.DEFAULT));
  }

  /** Linux 7.3 with a known configuration. */
  public static Profile with(KernelConfig config) {
    return new Profile(
        "configured",
        LINUX_7_3.release(),
        LINUX_7_3.architecture(),
        LINUX_7_3.pageSize(),
        LINUX_7_3.parts(),
        LINUX_7_3.versions(),
        LINUX_7_3.types(),
        LINUX_7_3.constants(),
        Optional.of(config),
        Optional.empty());
  }

  private static Profile copy(
      Profile kernel,
      Map<String, Support> parts,
      Optional<List<String>> strings,
      Optional<Map<String, KernelType>> types) {
    return new Profile(
        "changed",
        kernel.release(),
        kernel.architecture(),
        kernel.pageSize(),
        parts,
        strings,
        types,
        kernel.constants(),
        kernel.config(),
        kernel.footprint());
  }
}
