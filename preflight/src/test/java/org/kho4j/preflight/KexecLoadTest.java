package org.kho4j.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.Footprint;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.Kernels;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.verify.Scratch;

/** Scratch as Linux lays it out: a region in low memory, a large one, one for each node. */
class KexecLoadTest {

  private static final long MIB = 1 << 20;

  private static final Profile X86 =
      Kernels.loaded(Architecture.X86_64, new Footprint(0xc6f000, 2 * MIB));
  private static final Profile ARM64 =
      Kernels.loaded(Architecture.ARM64, new Footprint(12 * MIB, 2 * MIB));

  private static AddressRange region(long startMib, long mib) {
    return new AddressRange(startMib * MIB, mib * MIB);
  }

  private static Optional<Component> judge(
      Profile to, Optional<Long> initrd, AddressRange... regions) {
    return KexecLoad.judge(
        Kernels.LINUX_7_3,
        Optional.of(new Scratch(List.of(regions), OptionalLong.empty(), OptionalLong.empty())),
        to,
        initrd);
  }

  private static Verdict verdict(Profile to, long initrdMib, AddressRange... regions) {
    return judge(to, Optional.of(initrdMib * MIB), regions).orElseThrow().verdict();
  }

  @Test
  void kernelAndInitrdFitIntoOneRegionTogetherOrIntoTwo() {
    assertThat(verdict(X86, 20, region(64, 64))).isEqualTo(Verdict.OK);
    assertThat(verdict(X86, 20, region(64, 32))).isEqualTo(Verdict.LOST);
    assertThat(verdict(X86, 20, region(64, 32), region(512, 24))).isEqualTo(Verdict.OK);
  }

  @Test
  void noPieceIsSplitOverRegions() {
    Component load =
        judge(X86, Optional.of(20 * MIB), region(64, 16), region(128, 16), region(256, 16))
            .orElseThrow();
    assertThat(load.verdict()).isEqualTo(Verdict.LOST);
    assertThat(load.because())
        .startsWith(
            "kexec refuses the load, and nothing is handed over: 16.0 MiB + 16.0 MiB + 16.0 MiB of"
                + " scratch have no room for a kernel of 12.4 MiB and an initrd of 20.0 MiB");
  }

  /** The kernel takes the first region that has room, although the second would do. */
  @Test
  void regionsAreTriedInTheirOrder() {
    assertThat(verdict(X86, 20, region(64, 24), region(512, 16))).isEqualTo(Verdict.LOST);
    assertThat(verdict(X86, 20, region(512, 16), region(64, 24))).isEqualTo(Verdict.OK);
  }

  @Test
  void onX86TheInitrdIsNotBelow16MiB() {
    assertThat(verdict(X86, 8, region(64, 16), region(2, 14))).isEqualTo(Verdict.LOST);
    assertThat(verdict(X86, 8, region(64, 16), region(16, 14))).isEqualTo(Verdict.OK);
  }

  @Test
  void onArm64TheInitrdIsAboveTheKernel() {
    assertThat(verdict(ARM64, 8, region(2048, 16), region(1024, 16))).isEqualTo(Verdict.LOST);
    assertThat(verdict(ARM64, 8, region(1024, 16), region(2048, 16))).isEqualTo(Verdict.OK);
  }

  @Test
  void onArm64TheKernelMovesUpWhereNothingFitsAboveIt() {
    assertThat(verdict(ARM64, 30, region(1024, 16), region(40 * 1024, 64))).isEqualTo(Verdict.OK);
    assertThat(verdict(ARM64, 30, region(2048, 16), region(1024, 64))).isEqualTo(Verdict.LOST);
  }

  @Test
  void onArm64TheInitrdIsWithin32GiB() {
    assertThat(verdict(ARM64, 8, region(1024, 16), region(40 * 1024, 16))).isEqualTo(Verdict.LOST);
  }

  @Test
  void whereTheSmallerPiecesDecideTheAnswerIsUnknown() {
    assertThat(verdict(X86, 4, region(64, 13), region(512, 8))).isEqualTo(Verdict.UNKNOWN);
    assertThat(verdict(ARM64, 3, region(1024, 16))).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void anInitrdThatFitsNowhereIsRefusedWhateverTheKernel() {
    assertThat(verdict(Kernels.LINUX_7_3, 20, region(64, 16))).isEqualTo(Verdict.LOST);
    assertThat(verdict(Kernels.LINUX_7_3, 8, region(64, 16))).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void withoutAnInitrdOnlyARefusalIsSaid() {
    assertThat(judge(X86, Optional.empty(), region(64, 64))).isEmpty();
    assertThat(judge(Kernels.LINUX_7_3, Optional.empty(), region(64, 64))).isEmpty();
    assertThat(judge(X86, Optional.empty(), region(64, 8)).orElseThrow().verdict())
        .isEqualTo(Verdict.LOST);
  }

  @Test
  void withoutRegionsTheAnswerIsUnknown() {
    Component load =
        KexecLoad.judge(Kernels.LINUX_7_3, Optional.empty(), X86, Optional.of(MIB)).orElseThrow();
    assertThat(load.verdict()).isEqualTo(Verdict.UNKNOWN);
    assertThat(load.because()).startsWith("the scratch regions are unknown");
    assertThat(KexecLoad.judge(Kernels.LINUX_7_3, Optional.empty(), X86, Optional.empty()))
        .isEmpty();
  }

  /** Linux has such a region where all of a percentage is in another one. */
  @Test
  void anEmptyRegionHasNoRoom() {
    assertThat(verdict(X86, 8, region(0, 0), region(64, 64))).isEqualTo(Verdict.OK);
    assertThat(verdict(X86, 8, region(0, 0))).isEqualTo(Verdict.LOST);
  }
}
