package org.kho4j.abi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A version of the root contract, by the {@code compatible} string of the root FDT. What differs
 * between versions is a column here, so that an engine asks the row and never for the number.
 *
 * @param compatible the string that the root FDT carries
 * @param releases the kernel releases that write it
 * @param addressProperty property of a subtree's node: 8 bytes, physical address of the blob
 * @param sizeProperty property of a subtree's node: 8 bytes, bytes of the blob; null where the blob
 *     is an FDT that tells its own size
 * @param finalized whether the map is written down when the handover is finalized: until then the
 *     root FDT says 0
 * @param meaning what changed with it
 */
public record KhoVersion(
    String compatible,
    Releases releases,
    String addressProperty,
    @Nullable String sizeProperty,
    boolean finalized,
    String meaning) {

  /** How the preserved map is written. */
  public enum MapForm {
    /** {@link KhoserMemChunk}s that point at bitmaps of 512 bytes. */
    BITMAPS_512("bitmaps-512"),
    /** {@link KhoserMemChunk}s that point at bitmaps of one page. */
    BITMAPS_PAGE("bitmaps-page"),
    /** {@link KhoRadix} tree whose depth lacks a level with 16K pages. */
    RADIX_SHORT("radix-short"),
    /** {@link KhoRadix} tree. */
    RADIX("radix");

    private final String id;

    MapForm(String id) {
      this.id = id;
    }

    /** The form's name: {@code "bitmaps-512"}, for instance. */
    public String id() {
      return id;
    }

    /** The form with that {@link #id()}. */
    public static Optional<MapForm> of(String id) {
      return Stream.of(values()).filter(form -> form.id.equals(id)).findFirst();
    }

    /** Whether it is a tree, and no list of bitmaps. */
    public boolean isRadix() {
      return this == RADIX || this == RADIX_SHORT;
    }

    /**
     * {@code "bitmap-list"} or {@code "radix"}: what the two of a kind have in common, which differ
     * in {@link #bitmapBytes} or {@link #depth} alone.
     */
    public String label() {
      return isRadix() ? "radix" : "bitmap-list";
    }

    /**
     * What the kernel's {@code enum kho_radix_consts} (7.3) has for it, by the names of the
     * enumerators; nothing for a list of bitmaps.
     */
    public Map<String, Long> radixConstants(PageSize pageSize) {
      return isRadix()
          ? Map.of(
              "KHO_TREE_MAX_DEPTH", (long) depth(pageSize),
              "KHO_TABLE_SIZE_LOG2", (long) KhoRadix.tableBits(pageSize),
              "KHO_BITMAP_SIZE_LOG2", (long) KhoRadix.leafBits(pageSize))
          : Map.of();
    }

    /** Bytes of a bitmap; 0 for a radix tree. */
    public int bitmapBytes(PageSize pageSize) {
      return switch (this) {
        case BITMAPS_512 -> KhoserMemChunk.SMALL_BITMAP.size(pageSize);
        case BITMAPS_PAGE -> KhoserMemChunk.PAGE_BITMAP.size(pageSize);
        case RADIX_SHORT, RADIX -> 0;
      };
    }

    /**
     * Levels of the radix tree, leaf included; 0 for a bitmap list. The first formula forgot the
     * bit that marks order 0 (commit d64b0372760e, 7.1-rc), which shows with 16K pages alone: 4
     * levels instead of 5.
     */
    public int depth(PageSize pageSize) {
      int keyBits =
          switch (this) {
            case BITMAPS_512, BITMAPS_PAGE -> 0;
            case RADIX_SHORT -> KhoRadix.orderZeroBit(pageSize);
            case RADIX -> KhoRadix.orderZeroBit(pageSize) + 1;
          };
      return keyBits == 0
          ? 0
          : Math.ceilDiv(keyBits - KhoRadix.leafBits(pageSize), KhoRadix.tableBits(pageSize)) + 1;
    }

    @Override
    public String toString() {
      return id;
    }
  }

  public static final KhoVersion V1 =
      new KhoVersion(
          "kho-v1",
          Releases.of("6.16", "7.0"),
          "fdt",
          null,
          true,
          "The first contract. Under this one string bitmaps grew from 512 bytes (6.16.y, 6.17 to 6.17.8) to a page (6.17.9,"
              + " 6.18 and later), with no marker; vmalloc areas exist since 6.18. Nothing is handed over unless the"
              + " map was finalized.");
  public static final KhoVersion V2 =
      new KhoVersion(
          "kho-v2",
          Releases.NEVER,
          "preserved-data",
          null,
          false,
          "The radix tree, handed over in place. Only in development trees of April 2026.");
  public static final KhoVersion V3 =
      new KhoVersion(
          "kho-v3",
          Releases.of("7.1", "7.1"),
          "preserved-data",
          "blob-size",
          false,
          "Blobs may have any format, so each node tells its blob's size. kexec-metadata appears. Release candidates before"
              + " 2026-05-30 wrote one tree level less with 16K pages.");
  public static final KhoVersion V4 =
      new KhoVersion(
          "kho-v4",
          Releases.since("7.2"),
          "preserved-data",
          "blob-size",
          false,
          "Root FDT, map and vmalloc as in kho-v3; adds the KHO block, which has no version string of its own.");

  /** Every version, oldest first. */
  public static final List<KhoVersion> ALL = List.of(V1, V2, V3, V4);

  /** The property of the root node that points at the preserved map: 8 bytes, in every version. */
  public static final String MAP_PROPERTY = "preserved-memory-map";

  private static final Field CHUNKS =
      Field.phys(
          0,
          MAP_PROPERTY,
          () -> KhoserMemChunk.STRUCTURE,
          "first chunk of the map; 0 until finalized, refused by 6.19 and 7.0, an empty map up to 6.18");
  private static final Field NODES =
      Field.phys(0, MAP_PROPERTY, () -> KhoRadix.NODE, "root of the map; never 0");

  /** What every version's string starts with. */
  public static final String PREFIX = "kho-v";

  /** The property of the root node that points at the preserved map. */
  public Field map() {
    return finalized ? CHUNKS : NODES;
  }

  /** The layouts that go by this version's string, oldest first. */
  public List<KhoLayout> layouts() {
    return KhoLayout.ALL.stream().filter(layout -> layout.version().equals(this)).toList();
  }

  /** The forms that its preserved map may have, the one of the latest release first. */
  public List<MapForm> mapForms() {
    return layouts().reversed().stream().map(KhoLayout::map).distinct().toList();
  }

  public static Optional<KhoVersion> of(String compatible) {
    return ALL.stream().filter(version -> version.compatible.equals(compatible)).findFirst();
  }

  @Override
  public String toString() {
    return compatible;
  }
}
