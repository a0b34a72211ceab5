package org.kho4j.handover.generation;

import java.util.OptionalLong;

/**
 * Determines the addresses of the structures of a handover. By default the allocator finds room for
 * them; a test that needs the bytes of a real kernel's handover, or any other exact image, sets the
 * addresses.
 */
@FunctionalInterface
public interface Placement {

  /** Places every structure at any free address. */
  Placement ANYWHERE = path -> OptionalLong.empty();

  /**
   * Returns the physical address of a structure, or empty for anywhere.
   *
   * @param path of the structure, as in messages about it: {@code /} is the root FDT, {@code
   *     /preserved-memory-map} the map's root, {@code /preserved-memory-map/level
   *     0/0x10000000038000} the leaf for the keys from that one on, {@code
   *     /preserved-memory-map/order 0/0x8000000} kho-v1's bitmap of a page for the blocks from that
   *     address on, {@code /preserved-memory-map/bitmaps 0} a page of its small ones, {@code
   *     /preserved-memory-map/chunk 1} its second chunk, {@code /kho_test} a subtree's blob, {@code
   *     /kho_test/folios_info/block 0} a block of a vmalloc area and {@code
   *     /kho_test/folios_info/chunk 0} a page that lists them, {@code /scratch} the scratch array
   */
  OptionalLong address(String path);
}
