package org.kho4j.abi;

import java.util.List;
import java.util.Optional;

/**
 * One layout of the root contract. Kernels changed it under an unchanged string, so a {@link
 * KhoVersion} may have several; {@link #id} tells them apart.
 *
 * @param id the version's string, and where it has several layouts {@code @} and the first release
 *     of this one
 * @param version whose string it goes by
 * @param releases the kernel releases that write it
 * @param map the form of the preserved map
 * @param vmalloc whether vmalloc areas can be preserved
 * @param blocks whether {@link KhoBlock}s belong to it
 * @param metadata whether the kernel hands over {@link KexecMetadata}
 * @param splitAtNodes whether a run of pages is split at the borders of NUMA nodes
 * @param sequential whether the root FDT is written from front to back when the handover is
 *     finalized, so that its subtrees stand in the order in which they were added: kernels up to
 *     6.18. Later ones edit it in place, and what was added last stands first. Of the releases of
 *     {@code kho-v1@6.18} this is what 6.19 and 7.0 do. No reader may rely on it
 * @param meaning what sets it apart
 */
public record KhoLayout(
    String id,
    KhoVersion version,
    Releases releases,
    KhoVersion.MapForm map,
    boolean vmalloc,
    boolean blocks,
    boolean metadata,
    boolean splitAtNodes,
    boolean sequential,
    String meaning) {

  /** Every layout, oldest first. */
  public static final List<KhoLayout> ALL =
      List.of(
          new KhoLayout(
              "kho-v1@6.16",
              KhoVersion.V1,
              Releases.of("6.16", "6.17.8"),
              KhoVersion.MapForm.BITMAPS_512,
              false,
              false,
              false,
              false,
              true,
              "Bitmaps of 512 bytes. No vmalloc areas."),
          new KhoLayout(
              "kho-v1@6.17.9",
              KhoVersion.V1,
              Releases.of("6.17.9", "6.17.y"),
              KhoVersion.MapForm.BITMAPS_PAGE,
              false,
              false,
              false,
              false,
              true,
              "Bitmaps of one page, with nothing that says so. No vmalloc areas. That the final 6.17.9 has it is"
                  + " unverified: its release candidate does."),
          new KhoLayout(
              "kho-v1@6.18",
              KhoVersion.V1,
              Releases.of("6.18", "7.0"),
              KhoVersion.MapForm.BITMAPS_PAGE,
              true,
              false,
              false,
              false,
              false,
              "Bitmaps of one page; vmalloc areas."),
          new KhoLayout(
              "kho-v2",
              KhoVersion.V2,
              Releases.NEVER,
              KhoVersion.MapForm.RADIX_SHORT,
              true,
              false,
              false,
              true,
              false,
              KhoVersion.V2.meaning()),
          new KhoLayout(
              "kho-v3@7.1-rc",
              KhoVersion.V3,
              Releases.NEVER,
              KhoVersion.MapForm.RADIX_SHORT,
              true,
              false,
              true,
              true,
              false,
              "Release candidates before 2026-05-30: as kho-v3, with one tree level less with 16K pages."),
          new KhoLayout(
              "kho-v3@7.1",
              KhoVersion.V3,
              KhoVersion.V3.releases(),
              KhoVersion.MapForm.RADIX,
              true,
              false,
              true,
              true,
              false,
              "Blobs may have any format, so each node tells its blob's size. kexec-metadata appears."),
          new KhoLayout(
              "kho-v4",
              KhoVersion.V4,
              KhoVersion.V4.releases(),
              KhoVersion.MapForm.RADIX,
              true,
              true,
              true,
              true,
              false,
              KhoVersion.V4.meaning()));

  /** What the newest known release writes. */
  public static final KhoLayout NEWEST = ALL.getLast();

  /** The layout with that {@link #id}. */
  public static Optional<KhoLayout> of(String id) {
    return ALL.stream().filter(layout -> layout.id.equals(id)).findFirst();
  }

  @Override
  public String toString() {
    return id;
  }
}
