package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.NAME_BYTES;
import static org.kho4j.warm.StoreLayout.U32;
import static org.kho4j.warm.StoreLayout.U64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.kho4j.handover.pages.AddressRange;

/**
 * The directory of regions: the blob of the subtree {@value #SUBTREE} in a store's handover.
 *
 * <pre>
 *   0 compatible (16 bytes)   16 generation (u64)   24 regions (u32)    28 extents (u32)
 *  32 name (64 bytes)         96 schema (u64)      104 size of the store (u64)
 * 112 a region each, 96 bytes:
 *       0 name (64 bytes)   64 schema (u64)   72 bytes (u64)
 *      80 CRC-32C of the content (u32)        84 flags (u32): 1 if there is that CRC
 *      88 first extent (u32)                  92 extents (u32)
 *     an extent each, 16 bytes: 0 address (u64)   8 bytes (u64)
 * </pre>
 *
 * @param generation of the commit that wrote it, from 1 on
 * @param name of the store
 * @param schema of the store
 * @param storeSize bytes of the store
 * @param regions in the order of their names
 */
public record WarmDirectory(
    long generation, String name, long schema, long storeSize, List<Entry> regions) {

  /** Name of the subtree. */
  public static final String SUBTREE = "warm";

  /** The compatible string at the blob's start. */
  public static final String COMPATIBLE = "kho4j-warm-v1";

  private static final int HEAD_BYTES = 112;
  private static final int ENTRY_BYTES = 96;
  private static final int EXTENT_BYTES = 16;
  private static final int FLAG_CHECKSUM = 1;

  /** Keeps the list from being changed. */
  public WarmDirectory {
    regions = List.copyOf(regions);
  }

  /**
   * A region.
   *
   * @param name of the region
   * @param schema the application's number for its content
   * @param bytes its size; its last extent may have more
   * @param checksum CRC-32C of the content when the store was closed, if it was recorded
   * @param extents the ranges of its bytes in the store, in the region's order, as whole pages
   */
  public record Entry(
      String name, long schema, long bytes, OptionalInt checksum, List<AddressRange> extents) {

    /** Keeps the list from being changed. */
    public Entry {
      extents = List.copyOf(extents);
    }
  }

  /** Encodes the directory as a blob. */
  MemorySegment encode(Arena arena) {
    long extents = regions.stream().mapToLong(region -> region.extents.size()).sum();
    long extentsAt = HEAD_BYTES + (long) ENTRY_BYTES * regions.size();
    MemorySegment blob = arena.allocate(extentsAt + EXTENT_BYTES * extents, Long.BYTES);
    blob.setString(0, COMPATIBLE);
    blob.set(U64, 16, generation);
    blob.set(U32, 24, regions.size());
    blob.set(U32, 28, (int) extents);
    blob.setString(32, name);
    blob.set(U64, 96, schema);
    blob.set(U64, 104, storeSize);
    int extent = 0;
    for (int i = 0; i < regions.size(); i++) {
      Entry region = regions.get(i);
      MemorySegment entry = blob.asSlice(HEAD_BYTES + (long) ENTRY_BYTES * i, ENTRY_BYTES);
      entry.setString(0, region.name);
      entry.set(U64, 64, region.schema);
      entry.set(U64, 72, region.bytes);
      entry.set(U32, 80, region.checksum.orElse(0));
      entry.set(U32, 84, region.checksum.isPresent() ? FLAG_CHECKSUM : 0);
      entry.set(U32, 88, extent);
      entry.set(U32, 92, region.extents.size());
      for (AddressRange range : region.extents) {
        long at = extentsAt + (long) EXTENT_BYTES * extent++;
        blob.set(U64, at, range.address());
        blob.set(U64, at + 8, range.length());
      }
    }
    return blob;
  }

  /**
   * Reads a blob. Its numbers are bounded, its names are valid and in order, and its extents are in
   * the store and large enough for their regions; whether extents overlap is not checked.
   *
   * @throws IllegalArgumentException if no store writes such a blob; the message has the reason
   */
  public static WarmDirectory decode(MemorySegment blob) {
    require(blob.byteSize() >= HEAD_BYTES, () -> blob.byteSize() + " bytes are too few");
    String compatible = text(blob, 0, 16);
    require(compatible.equals(COMPATIBLE), () -> "compatible is \"" + compatible + "\"");
    long regions = Integer.toUnsignedLong(blob.get(U32, 24));
    long extents = Integer.toUnsignedLong(blob.get(U32, 28));
    long extentsAt = HEAD_BYTES + ENTRY_BYTES * regions;
    require(
        extentsAt + EXTENT_BYTES * extents == blob.byteSize(),
        () ->
            "%d regions and %d extents are not %d bytes"
                .formatted(regions, extents, blob.byteSize()));
    long storeSize = blob.get(U64, 104);
    List<Entry> entries = new ArrayList<>((int) Math.min(regions, 1 << 16));
    long used = 0;
    String previous = "";
    for (long i = 0; i < regions; i++) {
      MemorySegment entry = blob.asSlice(HEAD_BYTES + ENTRY_BYTES * i, ENTRY_BYTES);
      long first = Integer.toUnsignedLong(entry.get(U32, 88));
      long count = Integer.toUnsignedLong(entry.get(U32, 92));
      String name = text(entry, 0, NAME_BYTES);
      StoreLayout.checkName("region", name);
      String last = previous;
      require(
          name.compareTo(last) > 0,
          () -> "region \"%s\" follows region \"%s\"".formatted(name, last));
      previous = name;
      used += count;
      require(
          first + count <= extents && used <= extents,
          () -> "region \"%s\": extents %d and %d more".formatted(name, first, count));
      List<AddressRange> ranges = new ArrayList<>((int) Math.min(count, 1 << 16));
      for (long e = first; e < first + count; e++) {
        long at = extentsAt + EXTENT_BYTES * e;
        AddressRange range = new AddressRange(blob.get(U64, at), blob.get(U64, at + 8));
        require(
            range.end() <= storeSize,
            () -> "region \"%s\": %s is not in the store".formatted(name, range));
        ranges.add(range);
      }
      long bytes = entry.get(U64, 72);
      long room = ranges.stream().mapToLong(AddressRange::length).sum();
      require(
          bytes > 0 && bytes <= room,
          () -> "region \"%s\": %d bytes in extents of %d".formatted(name, bytes, room));
      OptionalInt checksum =
          (entry.get(U32, 84) & FLAG_CHECKSUM) == 0
              ? OptionalInt.empty()
              : OptionalInt.of(entry.get(U32, 80));
      entries.add(new Entry(name, entry.get(U64, 64), bytes, checksum, ranges));
    }
    return new WarmDirectory(
        blob.get(U64, 16), text(blob, 32, NAME_BYTES), blob.get(U64, 96), storeSize, entries);
  }

  private static String text(MemorySegment bytes, long at, long length) {
    MemorySegment field = bytes.asSlice(at, length);
    for (long i = 0; i < length; i++) {
      if (field.get(java.lang.foreign.ValueLayout.JAVA_BYTE, i) == 0) {
        return field.getString(0);
      }
    }
    throw new IllegalArgumentException("a text of %d bytes does not end".formatted(length));
  }

  private static void require(boolean condition, Supplier<String> why) {
    if (!condition) {
      throw new IllegalArgumentException(why.get());
    }
  }
}
