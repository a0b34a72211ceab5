package org.kho4j.abi;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A layout of the root contract: root FDT, preserved map, vmalloc areas and blocks. Kernels changed
 * it under an unchanged string, so a {@link KhoVersion} may have several, which are rows there;
 * {@link #id} distinguishes them.
 *
 * @param id the version's string, and where the version has several layouts {@code @} and the first
 *     release of this one
 * @param releases the kernel releases that write it
 * @param map the form of the preserved map
 * @param features features of the layout
 * @param meaning differences to the other layouts
 */
public record KhoLayout(
    String id,
    Releases releases,
    KhoVersion.MapForm map,
    Set<KhoFeature> features,
    String meaning) {

  public KhoLayout {
    features = Set.copyOf(features);
  }

  /** Every layout, oldest first. */
  public static List<KhoLayout> all() {
    return KhoVersion.ALL.stream().flatMap(version -> version.layouts().stream()).toList();
  }

  /** Returns the layout that the newest known release writes. */
  public static KhoLayout newest() {
    return all().reversed().stream()
        .filter(layout -> layout.releases().includes(Releases.NEWEST))
        .findFirst()
        .orElseThrow();
  }

  /** Returns the layout with that {@link #id}. */
  public static Optional<KhoLayout> of(String id) {
    return all().stream().filter(layout -> layout.id.equals(id)).findFirst();
  }

  /** Returns the version whose string the root FDT carries. */
  public KhoVersion version() {
    return KhoVersion.of(id.split("@", 2)[0]).orElseThrow();
  }

  public boolean has(KhoFeature feature) {
    return features.contains(feature);
  }

  @Override
  public String toString() {
    return id;
  }
}
