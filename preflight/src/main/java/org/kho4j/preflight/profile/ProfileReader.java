package org.kho4j.preflight.profile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.VersionString;
import org.kho4j.files.MalformedImageException;
import org.kho4j.preflight.btf.Btf;
import org.kho4j.preflight.btf.BtfEnum;
import org.kho4j.preflight.btf.BtfField;
import org.kho4j.preflight.btf.BtfStruct;
import org.kho4j.preflight.image.BuiltIn;
import org.kho4j.preflight.image.FoundString;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.SupportTable;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.part.Part;

/** Reads a kernel's {@link Profile} from its image. */
public final class ProfileReader {

  private static final String RADIX_CONSTANTS = "kho_radix_consts";

  /** Most structures in one another; a profile's file has two levels for each, and at most 16. */
  private static final int MAX_DEPTH = 4;

  private ProfileReader() {}

  /**
   * Makes the profile of a kernel image.
   *
   * @throws MalformedImageException if its types are broken
   */
  public static Profile read(KernelImage image) throws MalformedImageException {
    Map<String, Support> parts = new HashMap<>();
    for (Part part : Part.ALL) {
      boolean homeless =
          part.within()
              .map(parts::get)
              .filter(around -> around.state() == Support.State.NO)
              .isPresent();
      parts.put(
          part.name(),
          homeless
              ? Support.no("it arrives in " + part.within().orElseThrow() + ", which is not there")
              : support(image, part));
    }
    image.table().ifPresent(table -> overrule(parts, table));
    return new Profile(
        image.path().toString(),
        image.release().map(found -> found.value()),
        image.architecture(),
        image.pageSize().map(found -> found.value()),
        parts,
        image
            .strings()
            .map(strings ->
                strings.stream()
                    .filter(FoundString::isWhole)
                    .map(FoundString::text)
                    .distinct()
                    .sorted()
                    .toList()),
        types(image.btf()),
        constants(image.btf()),
        KernelConfig.of(image),
        image.footprint());
  }

  /** Replaces the versions from strings by those in the image's table. */
  private static void overrule(Map<String, Support> parts, SupportTable table) {
    Map<String, List<String>> versions = new LinkedHashMap<>();
    for (SupportTable.Entry entry : table.entries()) {
      String name = entry.name();
      String evidence = "\"%s\" in its table at %s".formatted(name, entry.place());
      Optional<Part> part = Part.ofTable(name);
      String key = part.map(Part::name).orElseGet(() -> VersionString.stem(name));
      if (entry.features().isPresent()) {
        String version =
            part.equals(Optional.of(Part.LUO)) ? LuoVersion.ofFeatures().compatible() : name;
        parts.put(key, Support.yes(version, entry.features().get(), evidence));
      } else {
        versions.computeIfAbsent(key, _ -> new ArrayList<>()).add(name);
        parts.put(key, Support.yes(versions.get(key), evidence));
      }
    }
  }

  private static Support support(KernelImage image, Part part) {
    BuiltIn built = BuiltIn.of(image, part.feature());
    if (built.state() == BuiltIn.State.NO) {
      return Support.no(built.evidence());
    }
    if (image.strings().isEmpty()) {
      return Support.unknown("its strings are not available");
    }
    List<String> versions = new ArrayList<>();
    List<FoundString> shown = new ArrayList<>();
    for (String stem : part.stems()) {
      List<FoundString> all = image.strings(stem);
      List<FoundString> found = all.stream().filter(FoundString::isWhole).toList();
      if (found.isEmpty() && !all.isEmpty()) {
        return Support.unknown(all.getFirst().ending());
      }
      List<String> texts = found.stream().map(FoundString::text).distinct().sorted().toList();
      if (texts.size() > 1 && !part.several()) {
        return Support.unknown("it has the strings " + String.join(", ", texts));
      }
      texts.stream().filter(text -> !text.equals(part.feature().marker())).forEach(versions::add);
      shown.addAll(found);
    }
    if (part.equals(Part.KEXEC_METADATA)) {
      return metadata(image, places(shown));
    }
    boolean main =
        versions.stream()
            .anyMatch(text -> VersionString.stem(text).equals(part.stems().getFirst()));
    return main
        ? Support.yes(versions, places(shown))
        : Support.unknown(
            built.state() == BuiltIn.State.YES
                ? "it has the part (%s), and no string \"%s-vN\""
                    .formatted(built.evidence(), part.stems().getFirst())
                : built.evidence());
  }

  /** Reads the version of kexec-metadata, a number in the code beside the string of its message. */
  private static Support metadata(KernelImage image, String places) {
    return image
        .metadataNumber()
        .map(number ->
            Support.yes(List.of(Long.toString(number.value())), places + "; " + number.evidence()))
        .orElseGet(() -> Support.yes(List.of(), places));
  }

  private static String places(List<FoundString> strings) {
    return strings.stream()
        .map(string -> "\"" + string.text() + "\" at " + string.place())
        .collect(Collectors.joining("; "));
  }

  private static Optional<Map<String, KernelType>> types(Optional<Btf> btf)
      throws MalformedImageException {
    if (btf.isEmpty()) {
      return Optional.empty();
    }
    Map<String, KernelType> types = new HashMap<>();
    for (String name : Part.allTypes()) {
      Optional<BtfStruct> struct = btf.get().struct(name);
      if (struct.isPresent()) {
        types.put(name, type(btf.get(), struct.get()));
      }
    }
    return Optional.of(types);
  }

  private static KernelType type(Btf btf, BtfStruct struct) throws MalformedImageException {
    return new KernelType(
        struct.name(), struct.size(), members(btf, struct, 0, new int[] {Btf.MAX_MEMBERS}));
  }

  /**
   * Returns the members of a structure, and of the structures in it: in damaged BTF, a structure
   * may contain itself.
   *
   * @param left number of members that are still read; beyond it, inner ones are left out
   */
  private static List<Member> members(Btf btf, BtfStruct struct, int depth, int[] left)
      throws MalformedImageException {
    left[0] -= struct.fields().size();
    List<Member> members = new ArrayList<>();
    for (BtfField field : struct.fields()) {
      String tag = "";
      List<Member> inner = List.of();
      if (field.structure() != 0 && depth < MAX_DEPTH && left[0] > 0) {
        BtfStruct structure = btf.struct(field.structure());
        tag = structure.name();
        inner = members(btf, structure, depth + 1, left);
      }
      members.add(
          new Member(
              field.name(), field.bitOffset(), field.bitSize(), field.elementBits(), tag, inner));
    }
    return members;
  }

  private static Map<String, Long> constants(Optional<Btf> btf) throws MalformedImageException {
    Map<String, Long> constants = new HashMap<>();
    if (btf.isPresent()) {
      Optional<BtfEnum> radix = btf.get().enumeration(RADIX_CONSTANTS);
      for (BtfEnum.Constant constant : radix.map(BtfEnum::constants).orElse(List.of())) {
        if (Part.KHO.constants().contains(constant.name())) {
          constants.put(constant.name(), constant.value());
        }
      }
    }
    return constants;
  }
}
