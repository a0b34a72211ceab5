package org.kho4j.abi;

import java.util.List;
import java.util.Optional;

/**
 * A version of what the memfd file handler hands over. A version without {@link MemfdSer#SEALS} in
 * its structure drops the file's seals.
 *
 * @param compatible the handler's string, as the file entry carries it
 * @param releases the kernel releases that write it
 * @param structure the layout of the file's data
 * @param nrFolios the structure's field with the number of folios
 * @param folios the structure's field with the descriptor of the folio array
 * @param folioFlags what the flags of a folio say
 * @param meaning what changed with it
 */
public record MemfdVersion(
    String compatible,
    Releases releases,
    Structure structure,
    Field nrFolios,
    Field folios,
    FolioFlags folioFlags,
    String meaning) {

  /** What the flags of a {@link MemfdFolio} say. */
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
          MemfdSer.NR_FOLIOS_V1,
          MemfdSer.FOLIOS_V1,
          FolioFlags.RECORDED,
          "6.19 records whether each folio was dirty and uptodate; 7.0 always sets both.");

  public static final MemfdVersion V2 =
      new MemfdVersion(
          "memfd-v2",
          Releases.since("7.1"),
          MemfdSer.V2,
          MemfdSer.NR_FOLIOS,
          MemfdSer.FOLIOS,
          FolioFlags.SET,
          "Seals are kept.");

  /** Every version, oldest first. */
  public static final List<MemfdVersion> ALL = List.of(V1, V2);

  public static Optional<MemfdVersion> of(String compatible) {
    return ALL.stream().filter(version -> version.compatible.equals(compatible)).findFirst();
  }

  /** Whether a release that writes the version records what the flags of each folio were. */
  public boolean folioFlagsVary() {
    return folioFlags == FolioFlags.RECORDED;
  }

  @Override
  public String toString() {
    return compatible;
  }
}
