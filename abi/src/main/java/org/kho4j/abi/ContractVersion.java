package org.kho4j.abi;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A layout of a {@link Component}. Kernels changed layouts under an unchanged string, so a string
 * may belong to several of these; {@link #id} distinguishes them.
 *
 * @param component component of which this is a version
 * @param id the name here: the string, and where several layouts share it {@code @} and the first
 *     release of this one
 * @param compatible the string or number of the version in memory; null if there is none
 * @param releases the kernel releases that write it
 * @param map the form of the preserved map; null but for {@link Component#KHO}
 * @param structures its structures; every structure that they point at or embed is among them, or
 *     belongs to the KHO version that the handover has
 * @param trees its device trees
 * @param areas content of its vmalloc areas
 * @param meaning differences to the other versions
 */
public record ContractVersion(
    Component component,
    String id,
    @Nullable String compatible,
    Releases releases,
    KhoVersion.@Nullable MapForm map,
    List<Structure> structures,
    List<FdtLayout> trees,
    List<Area> areas,
    String meaning) {

  /**
   * The content of a vmalloc area.
   *
   * @param owner the structure, or the tree and node, with the descriptor
   * @param field the descriptor's field or property
   * @param elements what the area is an array of, from its first byte on
   */
  public record Area(String owner, String field, Field elements) {}

  public ContractVersion {
    structures = List.copyOf(structures);
    trees = List.copyOf(trees);
    areas = List.copyOf(areas);
  }

  /** Hash over the layout, see {@link Fingerprint}. */
  public Fingerprint fingerprint() {
    return Fingerprint.of(this);
  }

  /** Returns the structure with that kernel name. */
  public Optional<Structure> structure(String name) {
    return structures.stream().filter(structure -> structure.name().equals(name)).findFirst();
  }

  @Override
  public String toString() {
    return id;
  }
}
