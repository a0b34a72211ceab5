package org.kho4j.abi;

import java.util.List;
import java.util.Optional;

/**
 * A version of what the memfd file handler hands over.
 *
 * @param compatible the handler's string, as the file entry carries it
 * @param releases the kernel releases that write it
 * @param structure the layout of the file's data
 * @param folioFlagsVary whether a release that writes it records what each folio's flags were, and
 *     does not always set them
 * @param meaning what changed with it
 */
public record MemfdVersion(
    String compatible,
    Releases releases,
    Structure structure,
    boolean folioFlagsVary,
    String meaning) {

  public static final MemfdVersion V1 =
      new MemfdVersion(
          "memfd-v1",
          Releases.of("6.19", "7.0"),
          MemfdSer.V1,
          true,
          "6.19 records whether each folio was dirty and uptodate; 7.0 always sets both.");
  public static final MemfdVersion V2 =
      new MemfdVersion("memfd-v2", Releases.since("7.1"), MemfdSer.V2, false, "Seals are kept.");

  /** Every version, oldest first. */
  public static final List<MemfdVersion> ALL = List.of(V1, V2);

  public static Optional<MemfdVersion> of(String compatible) {
    return ALL.stream().filter(version -> version.compatible.equals(compatible)).findFirst();
  }

  /** Entries of the folio array. */
  public Field nrFolios() {
    return equals(V1) ? MemfdSer.NR_FOLIOS_V1 : MemfdSer.NR_FOLIOS;
  }

  /** The descriptor of the folio array. */
  public Field folios() {
    return equals(V1) ? MemfdSer.FOLIOS_V1 : MemfdSer.FOLIOS;
  }

  /** Whether seals are kept. */
  public boolean hasSeals() {
    return structure.has(MemfdSer.SEALS);
  }

  @Override
  public String toString() {
    return compatible;
  }
}
