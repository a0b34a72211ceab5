package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;
import org.kho4j.preflight.image.Feature;

/**
 * A part of a handover that kernels agree on by a version of its own. The parts that Linux has are
 * the rows of {@link Parts}; a new client of KHO is a new row.
 *
 * @param name as kho calls it
 * @param stems of its version strings, the main one first: {@code luo} of {@code luo-v5}
 * @param several whether it has several strings of one stem, each with its own meaning
 * @param feature what shows that a kernel has it
 * @param within the part that it arrives in; empty for the root
 * @param types the kernel's structures that its own version stands for
 * @param shared structures of other parts that it is read through
 * @param constants enumerators that decide its layout
 * @param absent what becomes of it in a kernel that does not have it
 * @param other what becomes of it in a kernel of another version
 * @param moved what becomes of it in a kernel of the same version with another layout
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
   * What a real kernel does.
   *
   * @param verdict in a word
   * @param kernel in a clause, about the next kernel as "it"
   */
  public record Fate(Verdict verdict, String kernel) {}

  private static final Fate NO_HANDLER =
      new Fate(
          Verdict.UNREACHABLE,
          "every open of /dev/liveupdate fails with EIO until the next boot, whatever else is in it");

  /** A kind of file that LUO preserves, by the string of its handler. */
  static Part fileHandler(
      String name, Feature feature, List<String> types, List<String> shared, Fate moved) {
    return new Part(
        name,
        List.of(feature.stem()),
        false,
        feature,
        Optional.of("luo"),
        types,
        shared,
        List.of(),
        NO_HANDLER,
        NO_HANDLER,
        moved);
  }

  /** A kind of file that no row is about. */
  static Part fileHandler(String handler) {
    String stem = Speech.stem(handler);
    Feature feature = new Feature(stem, "", "", stem, "", true);
    return fileHandler(stem, feature, List.of(), List.of(), NO_HANDLER);
  }

  /** Data that files share, and that no row is about. */
  static Part flb(String name) {
    String stem = Speech.stem(name);
    Feature feature = new Feature(stem, "", "", stem, "", true);
    Fate lost = new Fate(Verdict.LOST, "nobody asks for it under this name");
    return new Part(
        stem,
        List.of(stem),
        true,
        feature,
        Optional.of("luo"),
        List.of(),
        List.of(),
        List.of(),
        lost,
        lost,
        lost);
  }

  /** A subtree that no row is about. */
  static Part stranger(String name) {
    Fate lost = new Fate(Verdict.LOST, "nobody looks for it");
    return new Part(
        name,
        List.of(name),
        false,
        new Feature(name, "", "", "", name, true),
        Optional.of("kho"),
        List.of(),
        List.of(),
        List.of(),
        lost,
        lost,
        lost);
  }

  /** Whether a version string is one of it. */
  boolean isOf(String version) {
    return stems.contains(Speech.stem(version));
  }

  /** The stem of one of its versions; a bare number is one of the main stem. */
  String stemOf(String version) {
    String stem = Speech.stem(version);
    return stems.contains(stem) ? stem : stems.getFirst();
  }

  public Part {
    stems = List.copyOf(stems);
    types = List.copyOf(types);
    shared = List.copyOf(shared);
    constants = List.copyOf(constants);
  }
}
