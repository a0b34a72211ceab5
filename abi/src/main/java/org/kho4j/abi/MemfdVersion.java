package org.kho4j.abi;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A version of the memfd file handler's structures. A version without {@link MemfdSer#SEALS} in its
 * structure drops the file's seals.
 *
 * @param compatible the handler's string, as the file entry carries it
 * @param releases the kernel releases that write it
 * @param structure the layout of the file's data
 * @param body the structure's field with the memfd's own fields; null where they are the structure
 * @param nrFolios the field with the number of folios
 * @param folios the field with the descriptor of the folio array
 * @param folioFlags meaning of the flags of a folio
 * @param meaning changes in this version
 */
public record MemfdVersion(
    String compatible,
    Releases releases,
    Structure structure,
    @Nullable Field body,
    Field nrFolios,
    Field folios,
    FolioFlags folioFlags,
    String meaning) {

  /** The meaning of the flags of a {@link MemfdFolio}. */
  public enum FolioFlags {
    /** Some release that writes the version records whether the folio was dirty and uptodate. */
    RECORDED,
    /** Both are always set. */
    SET
  }

  public static final MemfdVersion V1 =
      new MemfdVersion(
          "memfd-v1",
          Releases.of("6.19", "7.0"),
          MemfdSer.V1,
          null,
          MemfdSer.NR_FOLIOS_V1,
          MemfdSer.FOLIOS_V1,
          FolioFlags.RECORDED,
          "6.19 records whether each folio was dirty and uptodate; 7.0 always sets both.");

  public static final MemfdVersion V2 =
      new MemfdVersion(
          "memfd-v2",
          Releases.since("7.1"),
          MemfdSer.V2,
          null,
          MemfdSer.NR_FOLIOS,
          MemfdSer.FOLIOS,
          FolioFlags.SET,
          "Seals are kept.");

  /** Every version, oldest first. */
  public static final List<MemfdVersion> ALL = List.of(V1, V2);

  public static final MemfdVersion COMPOSITE =
      new MemfdVersion(
          "memfd-v2;vmalloc-v1",
          Releases.NEVER,
          MemfdSer.V2,
          null,
          MemfdSer.NR_FOLIOS,
          MemfdSer.FOLIOS,
          FolioFlags.SET,
          "An RFC of June 2026: the layout of memfd-v2, but the string also names vmalloc.");

  public static final MemfdVersion FEATURED =
      new MemfdVersion(
          "memfd",
          Releases.NEVER,
          MemfdSer.FEATURED,
          MemfdSer.BODY,
          MemfdSer.NR_FOLIOS,
          MemfdSer.FOLIOS,
          FolioFlags.SET,
          "The memory-management tree: a feature header precedes the structure, and the handler"
              + " has no version.");

  /** Versions that no release has yet, seen in public development trees. They may still change. */
  public static final List<MemfdVersion> DEVELOPMENT = List.of(COMPOSITE, FEATURED);

  /** Returns the version with that string, among those in development too. */
  public static Optional<MemfdVersion> of(String compatible) {
    return known().filter(version -> version.compatible.equals(compatible)).findFirst();
  }

  /**
   * Returns whether a string is well-formed, and of a version newer than all that are known here.
   */
  public static boolean isNewer(String compatible) {
    return VersionString.isNewer(compatible, known().map(MemfdVersion::compatible));
  }

  private static Stream<MemfdVersion> known() {
    return Stream.concat(ALL.stream(), DEVELOPMENT.stream());
  }

  /** Returns whether the version is in development: no release has it yet. */
  public boolean isDevelopment() {
    return DEVELOPMENT.stream().anyMatch(version -> version.compatible.equals(compatible));
  }

  /** Returns the structure with the memfd's own fields. */
  public Structure fields() {
    return body == null ? structure : Objects.requireNonNull(body.target());
  }

  /** Returns whether a feature header precedes the fields. */
  public boolean isFeatured() {
    return structure.has(MemfdSer.FEATURES);
  }

  /** Returns whether a release that writes the version records the flags of each folio. */
  public boolean folioFlagsVary() {
    return folioFlags == FolioFlags.RECORDED;
  }

  @Override
  public String toString() {
    return compatible;
  }
}
