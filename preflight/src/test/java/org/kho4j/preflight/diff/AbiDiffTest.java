package org.kho4j.preflight.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kho4j.preflight.profile.Kernels.LINUX_7_3;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.diff.AbiDiff.PartChange;
import org.kho4j.preflight.diff.AbiDiff.State;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Kernels;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

class AbiDiffTest {

  /** {@code kho_vmalloc} with {@code flags} and {@code order} in each other's place. */
  private static final KernelType SWAPPED =
      moved(moved(LINUX_7_3.type("kho_vmalloc").orElseThrow(), "flags", 14), "order", 12);

  private static final KernelType LARGER_SESSION =
      new KernelType(
          "luo_session_ser",
          LINUX_7_3.type("luo_session_ser").orElseThrow().size() + 8,
          LINUX_7_3.type("luo_session_ser").orElseThrow().members());

  @Test
  void twiceTheSameIsTheSame() {
    AbiDiff diff = AbiDiff.between(LINUX_7_3, LINUX_7_3);
    assertThat(diff.worst()).isEqualTo(State.SAME);
    assertThat(diff.uncertain()).isEmpty();
  }

  @Test
  void aLayoutThatNoVersionTellsOfIsForgotten() {
    AbiDiff diff = AbiDiff.between(LINUX_7_3, Kernels.withType(SWAPPED));
    assertThat(diff.worst()).isEqualTo(State.FORGOTTEN);
    PartChange kho = change(diff, "kho");
    assertThat(kho.state()).isEqualTo(State.FORGOTTEN);
    assertThat(kho.differences())
        .containsExactlyInAnyOrder(
            "kho_vmalloc.flags is at offset 14, not offset 12",
            "kho_vmalloc.order is at offset 12, not offset 14");
    assertThat(change(diff, "luo").state()).isEqualTo(State.SAME);
  }

  @Test
  void itsOwnVersionTells() {
    Profile bumped = Kernels.with(Kernels.withType(LARGER_SESSION), Part.LUO, "luo-v6");
    assertThat(AbiDiff.between(LINUX_7_3, bumped).worst()).isEqualTo(State.BUMPED);
  }

  @Test
  void theVersionAroundItTells() {
    Profile bumped = Kernels.with(Kernels.withType(LARGER_SESSION), Part.KHO, "kho-v5");
    assertThat(change(AbiDiff.between(LINUX_7_3, bumped), "luo").state()).isEqualTo(State.BUMPED);
  }

  @Test
  void aVersionThatReleasedKernelsHaveCoversNoOtherLayout() {
    Profile older = Kernels.with(Kernels.withType(SWAPPED), Part.KHO, "kho-v3");
    assertThat(change(AbiDiff.between(LINUX_7_3, older), "kho").state()).isEqualTo(State.REUSED);
    Profile otherMap =
        Kernels.with(Kernels.withConstant("KHO_BITMAP_SIZE_LOG2", 16), Part.KHO, "kho-v3");
    assertThat(change(AbiDiff.between(LINUX_7_3, otherMap), "kho").state()).isEqualTo(State.REUSED);
    Profile inner =
        Kernels.with(
            Kernels.withType(innerMoved(LINUX_7_3.type("kho_vmalloc_chunk").orElseThrow())),
            Part.KHO,
            "kho-v3");
    assertThat(change(AbiDiff.between(LINUX_7_3, inner), "kho").state()).isEqualTo(State.REUSED);
  }

  private static KernelType innerMoved(KernelType type) {
    return new KernelType(
        type.name(),
        type.size(),
        type.members().stream()
            .map(member ->
                new Member(
                    member.name(),
                    member.bitOffset(),
                    member.bitSize(),
                    member.elementBits(),
                    member.structure(),
                    member.inner().stream()
                        .map(each -> new Member(each.name(), each.bitOffset() + 8, each.bitSize()))
                        .toList()))
            .toList());
  }

  @Test
  void anOlderProfileIsNotComparedInWhole() {
    Profile places = Kernels.withPlacesOnly(LINUX_7_3);
    AbiDiff diff = AbiDiff.between(places, LINUX_7_3);
    assertThat(diff.worst()).isEqualTo(State.SAME);
    assertThat(diff.uncertain())
        .containsExactly(
            "changed has no sizes of elements and no inner structures, which were not compared:"
                + " save the profile again");
  }

  @Test
  void noVersionCoversWhatIsReadBeforeIt() {
    KernelType scratch = LINUX_7_3.type("kho_scratch").orElseThrow();
    KernelType turned =
        new KernelType(
            scratch.name(),
            scratch.size(),
            List.of(new Member("size", 0, 64), new Member("addr", 64, 64)));
    Profile bumped = Kernels.with(Kernels.withType(turned), Part.KHO, "kho-v5");
    assertThat(change(AbiDiff.between(LINUX_7_3, bumped), "kho").state())
        .isEqualTo(State.FORGOTTEN);
    AbiDiff lacking = AbiDiff.between(LINUX_7_3, Kernels.without(LINUX_7_3, "kho_data"));
    assertThat(lacking.worst()).isEqualTo(State.SAME);
    assertThat(lacking.uncertain())
        .containsExactly("struct kho_data is only in the types of 7.3, and was not compared");
    AbiDiff silent =
        AbiDiff.between(Kernels.silent(LINUX_7_3), Kernels.silent(Kernels.withType(turned)));
    assertThat(change(silent, "kho").state()).isEqualTo(State.FORGOTTEN);
  }

  @Test
  void aVersionThatOneKernelDoesNotShowWasNotBumped() {
    Profile silent =
        Kernels.with(Kernels.withType(SWAPPED), Part.KHO, Support.yes(List.of(), "a test"));
    for (AbiDiff diff :
        List.of(AbiDiff.between(LINUX_7_3, silent), AbiDiff.between(silent, LINUX_7_3))) {
      assertThat(change(diff, "kho").state()).isEqualTo(State.UNKNOWN);
      assertThat(diff.uncertain()).contains("the version of kho in changed is unknown");
    }
  }

  @Test
  void fileHandlersWithoutARowAreCompared() {
    Profile before = Kernels.withStrings(List.of("vfio-pci-v1"));
    PartChange change =
        change(AbiDiff.between(before, Kernels.withStrings(List.of("vfio-pci-v2"))), "vfio-pci");
    assertThat(change.state()).isEqualTo(State.HARMLESS);
    assertThat(change.from()).contains("vfio-pci-v1");
    assertThat(change.to()).contains("vfio-pci-v2");
    assertThat(AbiDiff.between(before, LINUX_7_3).uncertain())
        .contains("vfio-pci in 7.3: its strings are not available");
  }

  @Test
  void whatNeitherKernelShowsWasNotCompared() {
    Profile without = Kernels.without(LINUX_7_3, "kho_vmalloc");
    assertThat(AbiDiff.between(without, without).uncertain())
        .contains("struct kho_vmalloc is in the types of neither kernel, and was not compared");
  }

  @Test
  void aVersionWithinDoesNotTellOfWhatIsAround() {
    Profile changed = Kernels.with(Kernels.withType(SWAPPED), Part.LUO, "luo-v6");
    assertThat(change(AbiDiff.between(LINUX_7_3, changed), "kho").state())
        .isEqualTo(State.FORGOTTEN);
  }

  @Test
  void whereNoVersionsAreKnownNoneIsSaidToHaveBeenBumpedOrForgotten() {
    Profile typesAlone = Kernels.silent(Kernels.withType(SWAPPED));
    assertThat(AbiDiff.between(LINUX_7_3, typesAlone).worst()).isEqualTo(State.UNKNOWN);
    assertThat(AbiDiff.between(Kernels.silent(LINUX_7_3), typesAlone).worst())
        .isEqualTo(State.UNKNOWN);
  }

  @Test
  void anotherNameOrVersionForTheSameBytesHarmsNobody() {
    KernelType vmalloc = LINUX_7_3.type("kho_vmalloc").orElseThrow();
    KernelType renamed =
        new KernelType(
            vmalloc.name(),
            vmalloc.size(),
            vmalloc.members().stream()
                .map(member ->
                    new Member("new_" + member.name(), member.bitOffset(), member.bitSize()))
                .toList());
    assertThat(AbiDiff.between(LINUX_7_3, Kernels.withType(renamed)).worst())
        .isEqualTo(State.HARMLESS);
    assertThat(AbiDiff.between(LINUX_7_3, Kernels.with(Part.LUO, "luo-v6")).worst())
        .isEqualTo(State.HARMLESS);
  }

  @Test
  void whatOneKernelAloneHasIsNotCompared() {
    Profile without = Kernels.without(Part.MEMFD);
    AbiDiff diff = AbiDiff.between(LINUX_7_3, without);
    assertThat(change(diff, "memfd"))
        .isEqualTo(
            new PartChange(
                Part.MEMFD, Optional.of("memfd-v2"), Optional.empty(), State.GONE, List.of()));
    assertThat(diff.parts()).extracting(change -> change.part().name()).doesNotContain("flb");
  }

  /** kho_block belongs to LUO alone since 7.2: a kernel without LUO need not have it. */
  @Test
  void aSharedStructureOfAPartThatIsGoneIsNoDifference() {
    Profile without = Kernels.without(Kernels.without(Part.LUO), "kho_block_header_ser");
    assertThat(AbiDiff.between(LINUX_7_3, without).worst()).isEqualTo(State.GONE);
    Profile lacking = Kernels.without(LINUX_7_3, "kho_block_header_ser");
    assertThat(change(AbiDiff.between(LINUX_7_3, lacking), "luo").state())
        .isEqualTo(State.UNCOMPARED);
  }

  @Test
  void aKernelWithoutKhoIsNoComparison() {
    Profile without = Kernels.kernel("without", Map.of());
    assertThat(AbiDiff.between(LINUX_7_3, without).isComparison()).isFalse();
    assertThat(AbiDiff.between(without, without).isComparison()).isFalse();
    assertThat(AbiDiff.between(LINUX_7_3, Kernels.without(Part.LUO)).isComparison()).isTrue();
  }

  @Test
  void pagesOfAnotherSizeAreNoChangeOfTheContract() {
    Profile large = Kernels.kernel("64k", PageSize.SIZE_64K, Map.of(Part.KHO, List.of("kho-v4")));
    assertThat(AbiDiff.pageSizes(LINUX_7_3, large).orElseThrow())
        .startsWith(
            "7.3 has pages of 4K, but 64k has pages of 64K: layouts differ with the page size");
    assertThatThrownBy(() -> AbiDiff.between(LINUX_7_3, large))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(AbiDiff.pageSizes(LINUX_7_3, LINUX_7_3)).isEmpty();
  }

  @Test
  void anUnknownVersionIsNoChange() {
    AbiDiff diff = AbiDiff.between(LINUX_7_3, Kernels.silent(LINUX_7_3));
    assertThat(diff.worst()).isEqualTo(State.SAME);
    assertThat(diff.uncertain())
        .contains(
            "the version of kho in changed is unknown",
            "it is unknown whether changed has flb; the other kernel does not have it");
  }

  private static PartChange change(AbiDiff diff, String part) {
    return diff.parts().stream()
        .filter(change -> change.part().name().equals(part))
        .findFirst()
        .orElseThrow();
  }

  private static KernelType moved(KernelType type, String name, long offset) {
    return new KernelType(
        type.name(),
        type.size(),
        type.members().stream()
            .map(member ->
                member.name().equals(name)
                    ? new Member(name, offset * Byte.SIZE, member.bitSize())
                    : member)
            .toList());
  }
}
