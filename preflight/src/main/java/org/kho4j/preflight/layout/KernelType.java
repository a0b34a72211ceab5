package org.kho4j.preflight.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.abi.Field;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/**
 * A structure of the contract as the kernel's C source declares it and its debug data (BTF, DWARF)
 * describe it. The declaration follows from the contract's {@link Structure}; the rules hold for
 * Linux 7.2 and 7.3, for kho-v1's map in Ubuntu's 7.0.0-14-generic, and for LUO's arrays in the
 * source of 7.1.8.
 *
 * @param name the tag
 * @param size bytes
 * @param members in the order of their offsets
 */
public record KernelType(String name, long size, List<Member> members) {

  /**
   * A member.
   *
   * @param name its name; the members of an anonymous union are members of the structure
   * @param bitOffset bits from the start
   * @param bitSize bits, an array's elements all together
   * @param elementBits bits of one element of an array; of what is no array, {@code bitSize}; 0 if
   *     that is unknown
   * @param structure tag of the structure that it is, or is an array of; empty if it has no tag, if
   *     the member is no structure, or that is unknown
   * @param inner members of that structure
   */
  public record Member(
      String name,
      long bitOffset,
      long bitSize,
      long elementBits,
      String structure,
      List<Member> inner) {

    public Member {
      inner = List.copyOf(inner);
    }

    /** A member of which nothing but the place is known. */
    public Member(String name, long bitOffset, long bitSize) {
      this(name, bitOffset, bitSize, 0, "", List.of());
    }

    Member movedBy(long bits) {
      return new Member(name, bitOffset + bits, bitSize, elementBits, structure, inner);
    }
  }

  public KernelType {
    members = List.copyOf(members);
  }

  /**
   * Returns the declaration of a structure; empty where the contract's name is no tag, because the
   * kernel has no type for it.
   */
  public static Optional<KernelType> of(Structure structure, PageSize pageSize) {
    if (!isTag(structure.name())) {
      return Optional.empty();
    }
    List<Member> fields = members(structure);
    Field elements = structure.elements();
    if (elements == null || !isDeclared(structure, elements)) {
      return Optional.of(new KernelType(structure.name(), structure.headerSize(), fields));
    }
    List<Member> members = new ArrayList<>();
    long header = bits(structure.headerSize());
    if (!fields.isEmpty()) {
      members.add(new Member("hdr", 0, header, header, "", fields));
    }
    int length = structure.capacity(pageSize) * elements.size();
    members.add(member(elements, elements.name(), header, bits(length), bits(elements.size())));
    return Optional.of(new KernelType(structure.name(), structure.size(pageSize), members));
  }

  /** Returns whether a name of the contract is the tag of a structure. */
  public static boolean isTag(String name) {
    return name.matches("[a-z0-9_]+");
  }

  /**
   * Returns whether the array behind the fields is a member. An array that fills its pages exactly
   * is a member; then the fields are together in a member {@code hdr}. Other entries are reached by
   * arithmetic.
   */
  private static boolean isDeclared(Structure structure, Field elements) {
    return elements.type() != Field.Type.BYTES
        && Stream.of(PageSize.values()).allMatch(pageSize -> structure.unused(pageSize) == 0);
  }

  private static List<Member> members(Structure structure) {
    List<Member> members = new ArrayList<>();
    structure.fields().forEach(field -> members(field, members));
    return members;
  }

  /** Adds a field; several names of one field are bit fields, the last of which has the rest. */
  private static void members(Field field, List<Member> members) {
    long low = bits(field.offset());
    for (String name : field.name().split(", ", -1)) {
      long size =
          field.bits().stream()
              .filter(range -> range.name().equals(name))
              .mapToLong(Field.Bits::width)
              .findFirst()
              .orElse(bits(field.end()) - low);
      members.add(member(field, name, low, size, elementBits(field, size)));
      low += size;
    }
  }

  private static long elementBits(Field field, long size) {
    return switch (field.type()) {
      case BYTES -> 0;
      case STRUCTURE -> size;
      default -> Math.min(size, bits(field.type().unit()));
    };
  }

  private static Member member(Field field, String name, long offset, long size, long element) {
    Structure structure = field.type() == Field.Type.STRUCTURE ? field.target() : null;
    return structure == null
        ? new Member(name, offset, size, element, "", List.of())
        : new Member(name, offset, size, element, structure.name(), members(structure));
  }

  private static long bits(int bytes) {
    return (long) bytes * Byte.SIZE;
  }

  /** Returns whether nothing but the places of its members is known: a profile of an older kho. */
  public boolean hasPlacesOnly() {
    return !members.isEmpty()
        && members.stream()
            .allMatch(member -> member.elementBits() == 0 && member.inner().isEmpty());
  }
}
