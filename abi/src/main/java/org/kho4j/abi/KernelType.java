package org.kho4j.abi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A structure of the contract as the kernel's C source declares it, and its debug data (BTF, DWARF)
 * tell it. What the contract calls differently than the source, or the source declares in another
 * shape, is a row here.
 *
 * @param name the tag
 * @param size bytes
 * @param members in the order of their offsets
 */
public record KernelType(String name, long size, List<Member> members) {

  /**
   * A member.
   *
   * @param name its name; members of an anonymous union stand by themselves
   * @param bitOffset bits from the start
   * @param bitSize bits, an array's elements all together
   */
  public record Member(String name, long bitOffset, long bitSize) {

    /** The first bit behind it. */
    public long bitEnd() {
      return bitOffset + bitSize;
    }
  }

  /** How a declaration differs from the contract's {@link Structure}. */
  private record Shape(boolean elements, Map<String, List<Member>> members) {}

  private static final Shape AS_IT_IS = new Shape(false, Map.of());
  private static final Shape WITH_ELEMENTS = new Shape(true, Map.of());

  /**
   * The structures that were compared with the debug data of Linux 7.2 and 7.3, those of kho-v1's
   * map with Ubuntu's 7.0.0-14-generic.
   */
  private static final Map<String, Shape> SHAPES =
      Map.ofEntries(
          Map.entry("kho_vmalloc", AS_IT_IS),
          Map.entry(
              KhoVmallocChunk.NAME,
              new Shape(true, Map.of("next", List.of(new Member("hdr", 0, Long.SIZE))))),
          Map.entry(
              KhoserMemChunk.NAME,
              new Shape(
                  true,
                  Map.of(
                      KhoserMemChunk.NEXT.name(),
                      List.of(new Member("hdr", 0, 2 * Long.SIZE)),
                      KhoserMemChunk.ORDER.name(),
                      List.of(),
                      KhoserMemChunk.NUM_ELMS.name(),
                      List.of()))),
          Map.entry(KhoserMemChunk.ELEMENT.name(), AS_IT_IS),
          Map.entry(KhoserMemChunk.PAGE_BITMAP.name(), WITH_ELEMENTS),
          Map.entry("kho_radix_node", WITH_ELEMENTS),
          Map.entry("kho_radix_leaf", WITH_ELEMENTS),
          Map.entry(KhoBlock.NAME, AS_IT_IS),
          Map.entry("kho_kexec_metadata", AS_IT_IS),
          Map.entry("luo_ser", AS_IT_IS),
          Map.entry("luo_file_ser", AS_IT_IS),
          Map.entry(LuoFileSet.NAME, AS_IT_IS),
          Map.entry("luo_session_ser", AS_IT_IS),
          Map.entry("luo_flb_header_ser", AS_IT_IS),
          Map.entry("luo_flb_ser", AS_IT_IS),
          Map.entry("memfd_luo_ser", AS_IT_IS),
          Map.entry(
              "memfd_luo_folio_ser",
              new Shape(
                  false,
                  Map.of(
                      MemfdFolio.PFN_AND_FLAGS.name(),
                      List.of(
                          new Member("pfn", 0, MemfdFolio.PFN_BITS),
                          new Member(
                              "flags",
                              MemfdFolio.PFN_BITS,
                              Long.SIZE - (long) MemfdFolio.PFN_BITS))))));

  public KernelType {
    members = List.copyOf(members);
  }

  /**
   * The declaration of a structure; empty where none was seen, or the kernel has no type for it.
   */
  public static Optional<KernelType> of(Structure structure, PageSize pageSize) {
    return Optional.ofNullable(SHAPES.get(structure.name()))
        .map(shape -> declared(structure, pageSize, shape));
  }

  private static KernelType declared(Structure structure, PageSize pageSize, Shape shape) {
    List<Member> members = new ArrayList<>();
    for (Field field : structure.fields()) {
      List<Member> other = shape.members.get(field.name());
      if (other == null) {
        members.add(new Member(field.name(), bits(field.offset()), bits(field.size())));
      } else {
        members.addAll(other);
      }
    }
    Field elements = structure.elements();
    if (elements == null || !shape.elements) {
      return new KernelType(structure.name(), structure.headerSize(), members);
    }
    int length = structure.capacity(pageSize) * elements.size();
    members.add(new Member(elements.name(), bits(structure.headerSize()), bits(length)));
    return new KernelType(structure.name(), structure.size(pageSize), members);
  }

  private static long bits(int bytes) {
    return (long) bytes * Byte.SIZE;
  }

  /** The member with that name, or null. */
  public @Nullable Member member(String memberName) {
    return members.stream()
        .filter(member -> member.name().equals(memberName))
        .findFirst()
        .orElse(null);
  }
}
