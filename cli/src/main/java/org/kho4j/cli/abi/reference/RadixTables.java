package org.kho4j.cli.abi.reference;

import static org.kho4j.cli.abi.reference.Markdown.code;
import static org.kho4j.cli.abi.reference.Markdown.table;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.ByteSize;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.KhoserMemChunk;
import org.kho4j.abi.PageSize;

/** The arithmetic of the preserved map, computed. */
final class RadixTables {

  private record Block(PageSize pageSize, long address, int order) {}

  /** Addresses and orders that exercise every part of the arithmetic. */
  private static final List<Block> VECTORS =
      List.of(
          new Block(PageSize.SIZE_4K, 0, 0),
          new Block(PageSize.SIZE_4K, 0x1000, 0),
          new Block(PageSize.SIZE_4K, 0x123456000L, 0),
          new Block(PageSize.SIZE_4K, 0x7700000, 8),
          new Block(PageSize.SIZE_4K, 0x100000000L, 9),
          new Block(PageSize.SIZE_4K, 0x40000000, 18),
          new Block(PageSize.SIZE_4K, (1L << 52) - 0x1000, 0),
          new Block(PageSize.SIZE_16K, 0x42178000, 0),
          new Block(PageSize.SIZE_16K, 0x421c0000, 1),
          new Block(PageSize.SIZE_16K, 0x7fa00000, 6),
          new Block(PageSize.SIZE_64K, 0x80010000L, 0),
          new Block(PageSize.SIZE_64K, 0x80000000L, 13));

  private RadixTables() {}

  static String parameters() {
    return table(
        List.of(
            "page size",
            "S",
            "T",
            "B",
            "bit of order 0",
            "bits of a key",
            "D",
            "D of kho-v2 and early kho-v3"),
        Arrays.stream(PageSize.values())
            .map(size ->
                Stream.of(
                        size,
                        size.shift(),
                        KhoRadix.tableBits(size),
                        KhoRadix.leafBits(size),
                        KhoRadix.orderZeroBit(size),
                        KhoRadix.orderZeroBit(size) + 1,
                        MapForm.RADIX.depth(size),
                        MapForm.RADIX_SHORT.depth(size))
                    .map(Object::toString)
                    .toList())
            .toList());
  }

  static String levels() {
    List<List<String>> rows = new ArrayList<>();
    for (PageSize size : PageSize.values()) {
      for (int level = MapForm.RADIX.depth(size) - 1; level >= 0; level--) {
        int shift = KhoRadix.levelShift(size, level);
        int bits = level == 0 ? KhoRadix.leafBits(size) : KhoRadix.tableBits(size);
        int covered = shift + bits;
        rows.add(
            List.of(
                size.label(),
                Integer.toString(level),
                level == 0 ? "leaf" : "table",
                shift + "–" + (shift + bits - 1),
                Long.toString(1L << bits),
                covered + size.shift() >= 63
                    ? "–"
                    : ByteSize.text(1L << (covered + size.shift()))));
      }
    }
    return table(
        List.of(
            "page size", "level", "node", "bits of the key", "entries", "memory below it, order 0"),
        rows);
  }

  static String rootSlots() {
    return table(
        List.of("page size", "D", "root entries that can be used"),
        Stream.of(PageSize.values())
            .map(size ->
                List.of(
                    size.label(),
                    Integer.toString(MapForm.RADIX.depth(size)),
                    rootSlots(size, MapForm.RADIX)))
            .toList());
  }

  static String shortRootSlots() {
    return rootSlots(PageSize.SIZE_16K, MapForm.RADIX_SHORT);
  }

  private static String rootSlots(PageSize size, MapForm form) {
    return KhoRadix.rootSlots(size, form.depth(size)).stream()
        .map(String::valueOf)
        .collect(Collectors.joining(", "));
  }

  static String vectors() {
    return table(
        List.of("page size", "address", "order", "key", "entries, root first", "leaf bit"),
        VECTORS.stream().map(RadixTables::vector).toList());
  }

  private static List<String> vector(Block block) {
    PageSize size = block.pageSize();
    long key = KhoRadix.key(size, block.address(), block.order());
    List<String> path = new ArrayList<>();
    for (int level = MapForm.RADIX.depth(size) - 1; level > 0; level--) {
      path.add(Integer.toString(KhoRadix.index(size, level, key)));
    }
    return List.of(
        size.label(),
        code("0x" + Long.toHexString(block.address())),
        Integer.toString(block.order()),
        code("0x" + Long.toHexString(key)),
        String.join(" ", path),
        Integer.toString(KhoRadix.index(size, 0, key)));
  }

  /** Returns the memory that one kho-v1 bitmap covers at order 0. */
  static String bitmapCoverage() {
    return table(
        List.of("page size", "bitmap", "bits", "memory at order 0"),
        Stream.of(PageSize.values())
            .flatMap(size ->
                Stream.of(KhoserMemChunk.SMALL_BITMAP_BYTES, size.bytes())
                    .map(bytes ->
                        List.of(
                            size.label(),
                            bytes + " bytes",
                            Integer.toString(bytes * 8),
                            ByteSize.text(((long) bytes * 8) << size.shift()))))
            .toList());
  }
}
