package org.kho4j.abi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A version of the root contract, identified by the {@code compatible} string of the root FDT. What
 * differs between versions is a column here or in {@link KhoLayout}, so that an engine asks the row
 * and never for the number.
 *
 * @param compatible the string that the root FDT carries
 * @param addressProperty property of a subtree's node: 8 bytes, physical address of the blob
 * @param sizeProperty property of a subtree's node: 8 bytes, bytes of the blob; null where the blob
 *     is an FDT, whose header has the size
 * @param layouts the layouts under this string, oldest first
 */
public record KhoVersion(
    String compatible,
    Field addressProperty,
    @Nullable Field sizeProperty,
    List<KhoLayout> layouts) {

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

    /** Returns the structures of the map, the first one first. */
    public List<Structure> structures() {
      return switch (this) {
        case BITMAPS_512 ->
            List.of(KhoserMemChunk.STRUCTURE, KhoserMemChunk.ELEMENT, KhoserMemChunk.SMALL_BITMAP);
        case BITMAPS_PAGE ->
            List.of(KhoserMemChunk.STRUCTURE, KhoserMemChunk.ELEMENT, KhoserMemChunk.PAGE_BITMAP);
        case RADIX_SHORT, RADIX -> List.of(KhoRadix.NODE, KhoRadix.LEAF);
      };
    }

    /** Returns the form's name: {@code "bitmaps-512"}, for instance. */
    public String id() {
      return id;
    }

    /** Returns the form with that {@link #id()}. */
    public static Optional<MapForm> of(String id) {
      return Stream.of(values()).filter(form -> form.id.equals(id)).findFirst();
    }

    /** Returns whether the map is a tree, not a list of bitmaps. */
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
     * Returns the values of the kernel's {@code enum kho_radix_consts} (7.3) for the form, by the
     * names of the enumerators; empty for a list of bitmaps.
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

    /** Binary logarithm of the bits of a bitmap; not for a radix tree. */
    public int bitmapBits(PageSize pageSize) {
      return Integer.numberOfTrailingZeros(bitmapBytes(pageSize) * Byte.SIZE);
    }

    /**
     * Returns the largest order that a bitmap can be of, whose keys need bits of their own for the
     * order; not for a radix tree.
     */
    public int maxBitmapOrder(PageSize pageSize) {
      return KhoRadix.orderZeroBit(pageSize) - bitmapBits(pageSize);
    }

    /**
     * Bytes of memory that a bitmap of an order has bits for, at most 2^62: {@code phys_start} is a
     * multiple of them. Not for a radix tree.
     */
    public long bitmapReach(PageSize pageSize, int order) {
      return 1L << Math.min(Long.SIZE - 2, pageSize.shift() + order + bitmapBits(pageSize));
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

  /**
   * The first contract. Nothing is handed over unless the map was finalized; nothing in memory says
   * which of the layouts it is.
   */
  private static final Field DATA =
      Field.phys(0, "preserved-data", null, "the subtree's blob, of any format");

  private static final Field SIZE =
      Field.u64(0, "blob-size", "bytes of the blob when it was registered");

  public static final KhoVersion V1 =
      new KhoVersion(
          "kho-v1",
          Field.phys(0, "fdt", null, "the subtree's blob, an FDT that tells its own size"),
          null,
          List.of(
              new KhoLayout(
                  "kho-v1@6.16",
                  Releases.of("6.16", "6.17.8"),
                  MapForm.BITMAPS_512,
                  Set.of(KhoFeature.SEQUENTIAL_ROOT),
                  "Bitmaps of 512 bytes. No vmalloc areas."),
              new KhoLayout(
                  "kho-v1@6.17.9",
                  Releases.of("6.17.9", "6.17.y"),
                  MapForm.BITMAPS_PAGE,
                  Set.of(KhoFeature.SEQUENTIAL_ROOT),
                  "Bitmaps of one page, which nothing in memory records. No vmalloc areas."
                      + " Unverified for the final 6.17.9: its release candidate has it."),
              new KhoLayout(
                  "kho-v1@6.18",
                  Releases.of("6.18", "7.0"),
                  MapForm.BITMAPS_PAGE,
                  Set.of(KhoFeature.VMALLOC),
                  "Bitmaps of one page; vmalloc areas.")));

  public static final KhoVersion V2 =
      new KhoVersion(
          "kho-v2",
          Field.phys(
              0, "preserved-data", null, "the subtree's blob, an FDT that tells its own size"),
          null,
          List.of(
              new KhoLayout(
                  "kho-v2",
                  Releases.NEVER,
                  MapForm.RADIX_SHORT,
                  Set.of(KhoFeature.VMALLOC, KhoFeature.SPLIT_AT_NODES),
                  "The radix tree, handed over in place. It was only in development trees of"
                      + " April 2026.")));

  public static final KhoVersion V3 =
      new KhoVersion(
          "kho-v3",
          DATA,
          SIZE,
          List.of(
              new KhoLayout(
                  "kho-v3@7.1-rc",
                  Releases.NEVER,
                  MapForm.RADIX_SHORT,
                  Set.of(KhoFeature.VMALLOC, KhoFeature.METADATA, KhoFeature.SPLIT_AT_NODES),
                  "Release candidates before 2026-05-30: like kho-v3, but with one tree level"
                      + " less with 16K pages."),
              new KhoLayout(
                  "kho-v3@7.1",
                  Releases.of("7.1", "7.1"),
                  MapForm.RADIX,
                  Set.of(KhoFeature.VMALLOC, KhoFeature.METADATA, KhoFeature.SPLIT_AT_NODES),
                  "Blobs may have any format, so each node has its blob's size. kexec-metadata"
                      + " is new.")));

  public static final KhoVersion V4 =
      new KhoVersion(
          "kho-v4",
          DATA,
          SIZE,
          List.of(
              new KhoLayout(
                  "kho-v4",
                  Releases.since("7.2"),
                  MapForm.RADIX,
                  Set.of(
                      KhoFeature.VMALLOC,
                      KhoFeature.BLOCKS,
                      KhoFeature.METADATA,
                      KhoFeature.SPLIT_AT_NODES),
                  "Root FDT, map and vmalloc areas as in kho-v3; adds the KHO block, which has"
                      + " no version string of its own.")));

  /** Every version, oldest first. */
  public static final List<KhoVersion> ALL = List.of(V1, V2, V3, V4);

  /** kho-v4 under a string that names its parts. */
  public static final KhoVersion COMPOSITE =
      new KhoVersion(
          "kho-v4;radix-v1;vmalloc-v1",
          DATA,
          SIZE,
          List.of(
              new KhoLayout(
                  "kho-v4;radix-v1;vmalloc-v1",
                  Releases.NEVER,
                  MapForm.RADIX,
                  V4.layouts.getLast().features(),
                  "An RFC of June 2026: layouts as in kho-v4, but the string also names map and"
                      + " vmalloc.")));

  /** Versions that no release has yet, seen in public development trees. They may still change. */
  public static final List<KhoVersion> DEVELOPMENT = List.of(COMPOSITE);

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

  /** The start of every version's string. */
  public static final String PREFIX = "kho-v";

  public KhoVersion {
    layouts = List.copyOf(layouts);
  }

  /** Returns the kernel releases that write the version. */
  public Releases releases() {
    List<Releases> written =
        layouts.stream().map(KhoLayout::releases).filter(Releases::released).toList();
    return written.isEmpty()
        ? Releases.NEVER
        : new Releases(written.getFirst().first(), written.getLast().last());
  }

  /**
   * Returns whether the map is written when the handover is finalized, and the root FDT has 0 until
   * then: true for a list of bitmaps; a radix tree is handed over in place.
   */
  public boolean finalized() {
    return !layouts.getLast().map().isRadix();
  }

  /** Returns the property of the root node that points at the preserved map. */
  public Field mapPointer() {
    return finalized() ? CHUNKS : NODES;
  }

  /** Returns the forms that its preserved map may have, the one of the latest release first. */
  public List<MapForm> mapForms() {
    return layouts.reversed().stream().map(KhoLayout::map).distinct().toList();
  }

  /** Returns the version with that string, including versions in development. */
  public static Optional<KhoVersion> of(String compatible) {
    return known().filter(version -> version.compatible.equals(compatible)).findFirst();
  }

  /**
   * Returns whether a string is well-formed, and of a version newer than all that are known here.
   */
  public static boolean isNewer(String compatible) {
    return VersionString.isNewer(compatible, known().map(KhoVersion::compatible));
  }

  private static Stream<KhoVersion> known() {
    return Stream.concat(ALL.stream(), DEVELOPMENT.stream());
  }

  /** Returns whether the version is in development: no release has it yet. */
  public boolean isDevelopment() {
    return DEVELOPMENT.stream().anyMatch(version -> version.compatible.equals(compatible));
  }

  @Override
  public String toString() {
    return compatible;
  }
}
