package org.kho4j.abi;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A value of a fixed type and size: a field of a {@link Structure}, an element of the array after
 * its fields, or the value of a device tree's property. Two fields are equal when they describe the
 * same bytes in the same words; {@link Structure#has} asks for identity.
 */
public final class Field {

  /**
   * Named bits of a number.
   *
   * @param name the kernel's name
   * @param low the lowest bit, 0 being the least significant
   * @param width number of bits
   * @param meaning meaning of the bytes
   */
  public record Bits(String name, int low, int width, String meaning) {}

  /**
   * The type of a field's bytes. All numbers are native-endian: little-endian on every machine with
   * KHO.
   */
  public enum Type {
    U8("u8", 1),
    U16("u16", 2),
    U32("u32", 4),
    U64("u64", 8),
    /** A physical address as u64; 0 means none. A KHOSER pointer of the kernel is one. */
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

  private final String name;
  private final Type type;
  private final int offset;
  private final int size;
  private final @Nullable Supplier<Structure> target;
  private final List<Bits> bits;
  private final String meaning;
  private final boolean khoser;

  private Field(
      String name,
      Type type,
      int offset,
      int size,
      @Nullable Supplier<Structure> target,
      List<Bits> bits,
      String meaning,
      boolean khoser) {
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
    this.name = name;
    this.type = type;
    this.offset = offset;
    this.size = size;
    this.target = target;
    this.bits = bits;
    this.meaning = meaning;
    this.khoser = khoser;
  }

  private Field(
      String name,
      Type type,
      int offset,
      int size,
      @Nullable Supplier<Structure> target,
      String meaning) {
    this(name, type, offset, size, target, List.of(), meaning, false);
  }

  /** Returns the kernel's name. */
  public String name() {
    return name;
  }

  public Type type() {
    return type;
  }

  /** Bytes from the start of the structure; 0 in a property. */
  public int offset() {
    return offset;
  }

  /** Bytes of the field; of one element if the field describes the elements of an array. */
  public int size() {
    return size;
  }

  /**
   * Returns the structure that a {@link Type#PHYS} points at or a {@link Type#STRUCTURE} embeds;
   * null for other types and for pointers at plain data.
   */
  public @Nullable Structure target() {
    return target == null ? null : target.get();
  }

  /** Returns the {@link #target}'s name, or null. */
  public @Nullable String targetName() {
    return target == null ? null : target.get().name();
  }

  /** Named bits of a number; empty where the number is one value. */
  public List<Bits> bits() {
    return bits;
  }

  /** Returns the meaning of the field, with its unit, bounds and special values. */
  public String meaning() {
    return meaning;
  }

  /** Offset of the first byte after this field. */
  public int end() {
    return offset + size;
  }

  /** Returns whether the kernel's source declares the address with {@code DECLARE_KHOSER_PTR}. */
  public boolean khoser() {
    return khoser;
  }

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof Field other
        && name.equals(other.name)
        && type == other.type
        && offset == other.offset
        && size == other.size
        && Objects.equals(targetName(), other.targetName())
        && bits.equals(other.bits)
        && meaning.equals(other.meaning);
  }

  @Override
  public int hashCode() {
    return Objects.hash(name, offset, size, meaning);
  }

  @Override
  public String toString() {
    return name;
  }

  static Field u8(int offset, String name, String meaning) {
    return new Field(name, Type.U8, offset, 1, null, meaning);
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

  /**
   * Returns a field with a physical address.
   *
   * @param target the structure at the address, asked for at the first use, since structures refer
   *     to each other; null for an address of plain data
   */
  static Field phys(int offset, String name, @Nullable Supplier<Structure> target, String meaning) {
    return new Field(name, Type.PHYS, offset, 8, target, meaning);
  }

  /**
   * Returns a field with a physical address that the kernel's source declares with {@code
   * DECLARE_KHOSER_PTR}.
   */
  static Field khoser(int offset, String name, Supplier<Structure> target, String meaning) {
    return new Field(name, Type.PHYS, offset, 8, target, List.of(), meaning, true);
  }

  static Field chars(int offset, int size, String name, String meaning) {
    return new Field(name, Type.CHARS, offset, size, null, meaning);
  }

  /** Returns a field with the bytes of an array, whose user fixes their layout. */
  static Field bytes(int offset, String name, String meaning) {
    return new Field(name, Type.BYTES, offset, 1, null, meaning);
  }

  static Field embedded(int offset, String name, Structure structure, String meaning) {
    return new Field(
        name, Type.STRUCTURE, offset, structure.headerSize(), () -> structure, meaning);
  }

  /** Returns a field with an array of u64 that fills that many bytes. */
  static Field words(int offset, int size, String name, String meaning) {
    return new Field(name, Type.U64, offset, size, null, meaning);
  }

  Field withBits(Bits... named) {
    return new Field(name, type, offset, size, target, List.of(named), meaning, khoser);
  }
}
