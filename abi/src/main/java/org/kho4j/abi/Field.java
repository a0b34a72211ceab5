package org.kho4j.abi;

import java.util.List;
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
 * @param bits named bits of a number; empty where the number is one value
 * @param meaning what it says, with its unit, bounds and special values
 */
public record Field(
    String name,
    Type type,
    int offset,
    int size,
    @Nullable String target,
    List<Bits> bits,
    String meaning) {

  /**
   * Named bits of a number.
   *
   * @param name the kernel's name
   * @param low the lowest bit, 0 being the least significant
   * @param width how many bits
   * @param meaning what they say
   */
  public record Bits(String name, int low, int width, String meaning) {}

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
    /** Bytes whose layout the user of the structure fixes. */
    BYTES("byte[]", 1),
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

    /** Bytes of one value; a longer field is an array of them. */
    public int unit() {
      return unit;
    }
  }

  public Field {
    bits = List.copyOf(bits);
    for (Bits range : bits) {
      if (range.low < 0 || range.width <= 0 || range.low + range.width > size * Byte.SIZE) {
        throw new IllegalArgumentException(
            name + ": bits " + range.name + " are not within " + size + " bytes");
      }
    }
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
    return new Field(name, Type.U16, offset, 2, null, List.of(), meaning);
  }

  static Field u32(int offset, String name, String meaning) {
    return new Field(name, Type.U32, offset, 4, null, List.of(), meaning);
  }

  static Field u64(int offset, String name, String meaning) {
    return new Field(name, Type.U64, offset, 8, null, List.of(), meaning);
  }

  static Field phys(int offset, String name, @Nullable String target, String meaning) {
    return new Field(name, Type.PHYS, offset, 8, target, List.of(), meaning);
  }

  static Field chars(int offset, int size, String name, String meaning) {
    return new Field(name, Type.CHARS, offset, size, null, List.of(), meaning);
  }

  static Field embedded(int offset, String name, Structure structure, String meaning) {
    return new Field(
        name, Type.STRUCTURE, offset, structure.headerSize(), structure.name(), List.of(), meaning);
  }

  /** An array of u64 that fills that many bytes. */
  static Field words(int offset, int size, String name, String meaning) {
    return new Field(name, Type.U64, offset, size, null, List.of(), meaning);
  }

  Field withBits(Bits... named) {
    return new Field(name, type, offset, size, target, List.of(named), meaning);
  }
}
