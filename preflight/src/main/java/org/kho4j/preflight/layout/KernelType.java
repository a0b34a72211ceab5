package org.kho4j.preflight.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
   */
  public record Member(String name, long bitOffset, long bitSize) {}

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
    List<Member> members = new ArrayList<>();
    Field elements = structure.elements();
    if (elements == null || !isDeclared(structure, elements)) {
      structure.fields().forEach(field -> members(field, members));
      return Optional.of(new KernelType(structure.name(), structure.headerSize(), members));
    }
    if (!structure.fields().isEmpty()) {
      members.add(new Member("hdr", 0, bits(structure.headerSize())));
    }
    int length = structure.capacity(pageSize) * elements.size();
    members.add(new Member(elements.name(), bits(structure.headerSize()), bits(length)));
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
      members.add(new Member(name, low, size));
      low += size;
    }
  }

  private static long bits(int bytes) {
    return (long) bytes * Byte.SIZE;
  }

  /** Returns the member with that name, or null. */
  public @Nullable Member member(String memberName) {
    return members.stream()
        .filter(member -> member.name().equals(memberName))
        .findFirst()
        .orElse(null);
  }
}
