package org.kho4j.preflight.btf;

import java.util.List;

/**
 * A field of a structure or union.
 *
 * @param name its name; empty for a member that has none and is no structure or union (an unnamed
 *     enumeration, say)
 * @param bitOffset bits from the start of the structure
 * @param bitSize bits it takes, an array's elements all together; 0 for a flexible array
 * @param type its type as C has it, of an array the type of an element: {@code u64}, {@code struct
 *     kho_vmalloc_chunk *}; typedefs by their name; an anonymous structure is {@code struct {…}}
 * @param dimensions elements of an array, the outermost dimension first; empty for what is no array
 * @param structure the number, for {@link Btf#struct(int)}, of the structure or union that it is,
 *     or is an array of, typedefs followed; 0 for anything else, a pointer too
 */
public record BtfField(
    String name, long bitOffset, long bitSize, String type, List<Long> dimensions, int structure) {

  public BtfField {
    dimensions = List.copyOf(dimensions);
  }

  /** Returns the bits of one element of an array; of what is no array, all bits. */
  public long elementBits() {
    return dimensions.stream().reduce(bitSize, (bits, length) -> length == 0 ? 0 : bits / length);
  }

  /** Returns the bytes from the start of the structure, rounded down. */
  public long offset() {
    return bitOffset >>> 3;
  }

  /** Returns the field's size in bytes, rounded up. */
  public long size() {
    return (bitSize + 7) >>> 3;
  }
}
