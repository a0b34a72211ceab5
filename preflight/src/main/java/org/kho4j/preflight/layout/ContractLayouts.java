package org.kho4j.preflight.layout;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Component;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.SetupData;
import org.kho4j.preflight.layout.KernelType.Member;

/** The layouts that version strings of the contract cover, as the kernel declares them. */
public final class ContractLayouts {

  /** The part of the boot record that is KHO's, behind the header that all boot data has. */
  private static final String KHO_DATA = "kho_data";

  /**
   * Structures that a kernel reads before the root FDT and its version: x86-64's boot record and
   * the scratch array. They have one layout in all releases.
   */
  public static final List<String> UNVERSIONED = List.of(KHO_DATA, KhoScratch.STRUCTURE.name());

  private ContractLayouts() {}

  /**
   * Returns the structures of version strings, each with every layout that it had under them:
   * kho-v1's bitmaps have two.
   *
   * @param form form of the preserved map; empty for all forms
   */
  public static Map<String, List<KernelType>> of(
      List<String> versions, PageSize pageSize, Optional<MapForm> form) {
    Map<String, List<KernelType>> types = new HashMap<>();
    known(versions)
        .filter(version -> form.isEmpty() || version.map() == null || version.map() == form.get())
        .flatMap(version -> version.structures().stream())
        .flatMap(structure -> KernelType.of(structure, pageSize).stream())
        .forEach(type -> {
          List<KernelType> layouts = types.computeIfAbsent(type.name(), _ -> new ArrayList<>());
          if (!layouts.contains(type)) {
            layouts.add(type);
          }
        });
    if (known(versions).anyMatch(version -> version.component() == Component.KHO)) {
      types.put(KHO_DATA, List.of(khoData(pageSize)));
      KernelType.of(KhoScratch.STRUCTURE, pageSize)
          .ifPresent(type -> types.put(type.name(), List.of(type)));
    }
    return types;
  }

  private static KernelType khoData(PageSize pageSize) {
    KernelType record = KernelType.of(SetupData.STRUCTURE, pageSize).orElseThrow();
    long header = SetupData.FDT_ADDR.offset();
    List<Member> members =
        record.members().stream()
            .map(member -> member.movedBy(-header * Byte.SIZE))
            .filter(member -> member.bitOffset() >= 0)
            .toList();
    return new KernelType(KHO_DATA, record.size() - header, members);
  }

  /**
   * Returns the structures that have one layout under version strings, and are in all forms of the
   * versions that have them in any form: a kernel of these versions has them, whatever its release.
   */
  public static List<String> certain(List<String> versions, PageSize pageSize) {
    return of(versions, pageSize, Optional.empty()).entrySet().stream()
        .filter(entry -> entry.getValue().size() == 1)
        .map(Map.Entry::getKey)
        .filter(name -> !name.equals(KHO_DATA)) // Only x86-64 has the boot record.
        .filter(name -> isInEveryForm(name, versions))
        .sorted()
        .toList();
  }

  private static boolean isInEveryForm(String name, List<String> versions) {
    return known(versions)
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

  private static Stream<ContractVersion> known(List<String> versions) {
    return Contract.VERSIONS.stream()
        .filter(version -> version.compatible() != null && versions.contains(version.compatible()));
  }
}
