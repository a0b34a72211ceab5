package org.kho4j.damage;

/**
 * A field of a handover's metadata in memory.
 *
 * @param structure the kernel's name of the structure, or what it is
 * @param field the kernel's name of the field, or what it is
 * @param address physical address of its first byte
 * @param bytes 1 to 8
 * @param bigEndian whether its most significant byte comes first, as in a device tree's own fields
 */
public record MetadataPlace(
    String structure, String field, long address, int bytes, boolean bigEndian) {

  /** A field of KHO's own structures. */
  MetadataPlace(String structure, String field, long address, int bytes) {
    this(structure, field, address, bytes, false);
  }

  /** Returns the kind of the place, such as {@code "kho_vmalloc.first"}. */
  public String kind() {
    return structure + "." + field;
  }
}
