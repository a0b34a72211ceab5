package org.kho4j.abi;

import org.jspecify.annotations.Nullable;

/**
 * One field of a {@link Structure}.
 *
 * @param name the kernel's name
 * @param type what its bytes are
 * @param offset bytes from the start of the structure
 * @param size bytes
 * @param target the structure that a {@link Type#PHYS} points at or that a {@link Type#STRUCTURE}
 *     embeds, by the kernel's name; null for other types and for pointers at plain data
 * @param meaning what it says, with its unit, bounds and special values
 */
public record Field(
    String name, Type type, int offset, int size, @Nullable String target, String meaning) {

  /**
   * What the bytes of a field are. All numbers are native-endian: little-endian on every machine
   * that speaks KHO.
   */
  public enum Type {
    U16("u16", 2),
    U32("u32", 4),
    U64("u64", 8),
    /**
     * A physical address as u64; 0 means none. The kernel's {@code KHOSER} pointers are these on
     * the wire.
     */
    PHYS("phys", 8),
    /** Bytes of text, padded with NUL to the field's size. */
    CHARS("char[]", 1),
    /** An embedded structure. */
    STRUCTURE("struct", 1);

    private final String label;
    private final int unit;

    Type(String label, int unit) {
      this.label = label;
      this.unit = unit;
    }

    public String label() {
      return label;
    }
  }

  public Field {
    if (offset < 0 || size <= 0 || size % type.unit != 0) {
      throw new IllegalArgumentException(
          name + ": " + size + " bytes of " + type.label + " at " + offset);
    }
    if (type == Type.STRUCTURE && target == null) {
      throw new IllegalArgumentException(name + " embeds no structure");
    }
  }

  /** Offset of the first byte after this field. */
  public int end() {
    return offset + size;
  }

  static Field u16(int offset, String name, String meaning) {
    return new Field(name, Type.U16, offset, 2, null, meaning);
  }

  static Field u32(int offset, String name, String meaning) {
    return new Field(name, Type.U32, offset, 4, null, meaning);
  }

  static Field u64(int offset, String name, String meaning) {
    return new Field(name, Type.U64, offset, 8, null, meaning);
  }

  static Field phys(int offset, String name, @Nullable String target, String meaning) {
    return new Field(name, Type.PHYS, offset, 8, target, meaning);
  }

  static Field chars(int offset, int size, String name, String meaning) {
    return new Field(name, Type.CHARS, offset, size, null, meaning);
  }

  static Field embedded(int offset, String name, Structure structure, String meaning) {
    return new Field(
        name, Type.STRUCTURE, offset, structure.headerSize(), structure.name(), meaning);
  }
}
