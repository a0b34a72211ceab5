package org.kho4j.preflight.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.layout.TypeDifference.Kind;

class TypeDifferenceTest {

  private static final KernelType VMALLOC =
      KernelType.of(KhoVmalloc.STRUCTURE, PageSize.SIZE_4K).orElseThrow();

  @Test
  void theSameTypeHasNone() {
    assertThat(TypeDifference.between(VMALLOC, VMALLOC)).isEmpty();
  }

  @Test
  void membersThatChangePlacesAreMovedNotRenamed() {
    KernelType swapped = vmalloc("flags", 112, 16, "order", 96, 16);
    assertThat(TypeDifference.between(VMALLOC, swapped))
        .allMatch(TypeDifference::matters)
        .extracting(TypeDifference::text)
        .containsExactly(
            "kho_vmalloc.flags is at offset 14, not offset 12",
            "kho_vmalloc.order is at offset 12, not offset 14");
  }

  @Test
  void anotherNameForTheSameBytesDoesNotMatter() {
    KernelType renamed = vmalloc("bits", 96, 16, "order", 112, 16);
    assertThat(TypeDifference.between(VMALLOC, renamed))
        .singleElement()
        .satisfies(difference -> {
          assertThat(difference.matters()).isFalse();
          assertThat(difference.text())
              .isEqualTo("kho_vmalloc.flags is called bits: the same bytes");
        });
  }

  @Test
  void elementsOfAnotherSizeMatter() {
    assertThat(TypeDifference.between(array(64), array(32)))
        .singleElement()
        .satisfies(difference -> {
          assertThat(difference.matters()).isTrue();
          assertThat(difference.text()).isEqualTo("t.a has elements of 4 bytes, not 8 bytes");
        });
    assertThat(TypeDifference.between(array(64), array(0))).as("unknown").isEmpty();
  }

  private static KernelType array(long elementBits) {
    return new KernelType("t", 512, List.of(new Member("a", 0, 4096, elementBits, "", List.of())));
  }

  @Test
  void anInnerStructureIsCompared() {
    KernelType session = KernelType.of(LuoSession.STRUCTURE, PageSize.SIZE_4K).orElseThrow();
    KernelType turned =
        new KernelType(
            session.name(),
            session.size(),
            session.members().stream().map(TypeDifferenceTest::turnedInside).toList());
    assertThat(TypeDifference.between(session, turned))
        .isNotEmpty()
        .allMatch(TypeDifference::matters)
        .first()
        .satisfies(
            difference -> assertThat(difference.text()).endsWith("is at offset 8, not offset 0"));
  }

  /** Exchanges the two members of an inner structure. */
  private static Member turnedInside(Member member) {
    if (member.inner().size() != 2) {
      return member;
    }
    Member first = member.inner().getFirst();
    Member second = member.inner().getLast();
    return new Member(
        member.name(),
        member.bitOffset(),
        member.bitSize(),
        member.elementBits(),
        member.structure(),
        List.of(
            new Member(first.name(), second.bitOffset(), first.bitSize()),
            new Member(second.name(), first.bitOffset(), second.bitSize())));
  }

  @Test
  void anotherViewOfTheSameBytesDoesNotMatter() {
    KernelType viewed =
        new KernelType(
            "kho_vmalloc",
            16,
            concat(
                concat(VMALLOC.members(), new Member("low", 64, 16)), new Member("end", 128, 0)));
    assertThat(TypeDifference.between(VMALLOC, viewed))
        .hasSize(2)
        .extracting(TypeDifference::kind)
        .containsOnly(Kind.OVERLAID);
    assertThat(TypeDifference.between(viewed, VMALLOC))
        .hasSize(2)
        .extracting(TypeDifference::kind)
        .containsOnly(Kind.OVERLAID);
  }

  /** A covering member does not make another layout below it harmless. */
  @Test
  void anotherLayoutBelowACoveringViewMatters() {
    Member raw = new Member("raw", 0, 128);
    KernelType was =
        new KernelType("t", 16, List.of(raw, new Member("a", 0, 32), new Member("b", 32, 32)));
    KernelType is = new KernelType("t", 16, List.of(raw, new Member("c", 0, 64)));
    assertThat(TypeDifference.between(was, is)).hasSize(3).allMatch(TypeDifference::matters);
  }

  @Test
  void eightThousandOtherMembersAreCompared() {
    assertThat(TypeDifference.between(bytes("a"), bytes("b"))).hasSize(8192);
  }

  private static KernelType bytes(String prefix) {
    return new KernelType(
        "t",
        8192,
        IntStream.range(0, 8192).mapToObj(i -> new Member(prefix + i, 8L * i, 8)).toList());
  }

  @Test
  void aNewMemberAndItsSizeAreTold() {
    KernelType grown =
        new KernelType(
            "kho_vmalloc", 24, concat(VMALLOC.members(), new Member("reserved", 128, 64)));
    assertThat(TypeDifference.between(VMALLOC, grown))
        .extracting(TypeDifference::kind)
        .containsExactly(Kind.ADDED, Kind.SIZE);
    assertThat(TypeDifference.between(grown, VMALLOC))
        .extracting(TypeDifference::kind)
        .containsExactly(Kind.REMOVED, Kind.SIZE);
  }

  @Test
  void bitsWithinAWordAreSeen() {
    KernelType folio = KernelType.of(MemfdFolio.STRUCTURE, PageSize.SIZE_4K).orElseThrow();
    KernelType turned =
        new KernelType(
            folio.name(),
            16,
            List.of(
                new Member("flags", 0, 12),
                new Member("pfn", 12, 52),
                new Member("index", 64, 64)));
    assertThat(TypeDifference.between(folio, turned))
        .extracting(TypeDifference::text)
        .containsExactly(
            "memfd_luo_folio_ser.pfn is at offset 1, bit 4, not offset 0",
            "memfd_luo_folio_ser.flags is at offset 0, not offset 6, bit 4");
  }

  private static KernelType vmalloc(String a, int bitA, int sizeA, String b, int bitB, int sizeB) {
    return new KernelType(
        "kho_vmalloc",
        16,
        List.of(
            new Member("first", 0, 64),
            new Member("total_pages", 64, 32),
            new Member(a, bitA, sizeA),
            new Member(b, bitB, sizeB)));
  }

  private static List<Member> concat(List<Member> members, Member one) {
    return Stream.concat(members.stream(), Stream.of(one)).toList();
  }
}
