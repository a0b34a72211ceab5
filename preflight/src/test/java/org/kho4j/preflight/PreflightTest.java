package org.kho4j.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kho4j.abi.KhoserMemChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.diff.AbiDiff;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.outgoing.Integrity;
import org.kho4j.preflight.outgoing.Integrity.Damage;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.KernelConfig;
import org.kho4j.preflight.profile.Kernels;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

/** Kernels here speak what the contract says, but for what each test changes. */
class PreflightTest {

  @Test
  void aKernelTakesWhatItHandsOverItself() {
    Report report = judge(Kernels.LINUX_7_3, Kernels.LINUX_7_3);
    assertThat(report.verdict()).isEqualTo(Verdict.OK);
    assertThat(report.findings()).isEmpty();
    assertThat(report.components())
        .extracting(Component::name)
        .containsExactly("kho", "kexec-metadata", "memblock", "luo", "memfd");
  }

  @Test
  void anotherVersionOfKhoLosesEverything() {
    Report report = judge(Kernels.LINUX_7_3, Kernels.with(Part.KHO, "kho-v5"));
    assertThat(report.verdict()).isEqualTo(Verdict.LOST);
    assertThat(report.components()).extracting(Component::verdict).containsOnly(Verdict.LOST);
  }

  @Test
  void anotherVersionOfLuoIsAPanic() {
    Report report = judge(Kernels.LINUX_7_3, Kernels.with(Part.LUO, "luo-v6"));
    assertThat(report.verdict()).isEqualTo(Verdict.PANIC);
    assertThat(verdict(report, "memblock")).isEqualTo(Verdict.OK);
    assertThat(verdict(report, "memfd")).isEqualTo(Verdict.PANIC);
  }

  @Test
  void aFileThatNobodyHandlesClosesTheDeviceForAll() {
    Report report = judge(Kernels.LINUX_7_3, Kernels.with(Part.MEMFD, "memfd-v3"));
    assertThat(report.verdict()).isEqualTo(Verdict.UNREACHABLE);
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.UNREACHABLE);
  }

  @Test
  void whatIsAskedForAndNotHandedOverIsAnotherVersion() {
    Profile linux619 =
        Kernels.kernel(
            "6.19",
            Map.of(Part.KHO, List.of("kho-v1"), Part.LUO, List.of("luo-v1", "luo-session-v2")));
    Profile linux70 =
        Kernels.kernel(
            "7.0",
            Map.of(
                Part.KHO,
                List.of("kho-v1"),
                Part.LUO,
                List.of("luo-v1", "luo-session-v2", "luo-flb-v1")));
    Report up = judge(linux619, linux70);
    assertThat(verdict(up, "luo")).isEqualTo(Verdict.PANIC);
    assertThat(because(up, "luo"))
        .startsWith("the next kernel asks for luo-flb-v1, which is not handed over");
    Report down = judge(linux70, linux619);
    assertThat(verdict(down, "luo")).isEqualTo(Verdict.DEGRADED);
  }

  @Test
  void theSameVersionWithAnotherLayoutIsCorruptAndAFinding() {
    Profile swapped = Kernels.withType(SWAPPED_FLBS);
    Report report = judge(Kernels.LINUX_7_3, swapped);
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.CORRUPT);
    assertThat(verdict(report, "memblock")).isEqualTo(Verdict.OK);
    assertThat(report.findings())
        .contains(
            "changed claims luo-v5, but luo_flb_header_ser.count is at offset 0, not offset 8");
  }

  @Test
  void aStructureThatAKernelLacksWasNotCompared() {
    Report report =
        judge(
            Kernels.LINUX_7_3,
            Kernels.withoutConstants(Kernels.without(Kernels.LINUX_7_3, "luo_ser")));
    assertThat(because(report, "luo")).isEqualTo("same version; not all layouts compared");
    assertThat(report.notes())
        .contains(
            "the types of changed lack struct luo_ser",
            "the types of changed lack KHO_TREE_MAX_DEPTH");
  }

  @Test
  void aPartThatIsNotInUseSpoilsNothing() {
    HandoverContent content = content(Set.of("kho", "kexec-metadata"));
    Report report =
        Preflight.judge(
            Kernels.LINUX_7_3,
            Optional.of(content),
            Kernels.with(Part.LUO, "luo-v6"),
            Optional.empty());
    assertThat(report.verdict()).isEqualTo(Verdict.OK);
  }

  @Test
  void aReservationWantsTheNextCommandLineToAskForIt() {
    ReserveMem trace = new ReserveMem("trace", 0x1234_0000, 1 << 20);
    HandoverContent content =
        content(Set.of("kho", "memblock"), Set.of(), List.of(trace), List.of(), List.of());
    assertThat(memblock(content, null)).isEqualTo(Verdict.UNKNOWN);
    assertThat(memblock(content, "kho=on")).isEqualTo(Verdict.LOST);
    assertThat(memblock(content, "kho=on reserve_mem=2M:4096:trace")).isEqualTo(Verdict.LOST);
    assertThat(memblock(content, "kho=on reserve_mem=1M:1M:trace")).isEqualTo(Verdict.LOST);
    assertThat(memblock(content, "kho=on reserve_mem=1M:64K:trace")).isEqualTo(Verdict.OK);
  }

  @Test
  void aReservationBehindTheEighthIsLost() {
    ReserveMem trace = new ReserveMem("trace", 0x1234_0000, 1 << 20);
    HandoverContent content =
        content(Set.of("kho", "memblock"), Set.of(), List.of(trace), List.of(), List.of());
    String line = "kho=on" + " reserve_mem=4K:64:n%d".repeat(8).formatted(1, 2, 3, 4, 5, 6, 7, 8);
    Component memblock =
        component(
            Preflight.judge(
                Kernels.LINUX_7_3,
                Optional.of(content),
                Kernels.LINUX_7_3,
                Optional.of(new CommandLine(line + " reserve_mem=1M:64K:trace"))),
            "memblock");
    assertThat(memblock.verdict()).isEqualTo(Verdict.LOST);
    assertThat(memblock.because())
        .startsWith("a kernel accepts only 8 reserve_mem=, and the first 8");
  }

  @Test
  void switchesOnTheNextCommandLineCount() {
    assertThat(luo("kho=on liveupdate=on")).isEqualTo(Verdict.OK);
    assertThat(luo("kho=on")).isEqualTo(Verdict.UNREACHABLE);
    assertThat(luo("kho=off liveupdate=on")).isEqualTo(Verdict.LOST);
  }

  @Test
  void withKhoOffNobodyLooksAtWhatWouldPanic() {
    for (Profile next :
        List.of(Kernels.with(Part.LUO, "luo-v6"), Kernels.with(Part.MEMFD, "memfd-v3"))) {
      Report report =
          Preflight.judge(
              Kernels.LINUX_7_3,
              Optional.empty(),
              next,
              Optional.of(new CommandLine("kho=off liveupdate=on")));
      assertThat(verdict(report, "luo")).isEqualTo(Verdict.LOST);
      assertThat(verdict(report, "memfd")).isEqualTo(Verdict.LOST);
      assertThat(verdict(report, "kho")).isEqualTo(Verdict.OK);
      assertThat(verdict(report, "kexec-metadata")).isEqualTo(Verdict.DEGRADED);
    }
  }

  @Test
  void withKhoOffTheMapIsStillWalked() {
    Report report =
        Preflight.judge(
            Kernels.kernel("64k", PageSize.SIZE_64K, Map.of(Part.KHO, List.of("kho-v4"))),
            Optional.empty(),
            Kernels.kernel("4k", PageSize.SIZE_4K, Map.of(Part.KHO, List.of("kho-v4"))),
            Optional.of(new CommandLine("kho=off")));
    assertThat(report.verdict()).isEqualTo(Verdict.PANIC);
  }

  @Test
  void withoutASwitchForKhoTheNextKernelsConfigurationDecides() {
    assertThat(luo("liveupdate=on")).isEqualTo(Verdict.UNKNOWN);
    assertThat(luo(Kernels.withKhoByDefault(true), "liveupdate=on")).isEqualTo(Verdict.OK);
    assertThat(luo(Kernels.withKhoByDefault(false), "liveupdate=on")).isEqualTo(Verdict.LOST);
    assertThat(luo(Kernels.withKhoByDefault(false), "kho=on liveupdate=on")).isEqualTo(Verdict.OK);
    assertThat(luo(Kernels.withKhoByDefault(true), "kho=off liveupdate=on"))
        .isEqualTo(Verdict.LOST);
  }

  private static KernelConfig with(String commandLine, KernelConfig.Use use) {
    return new KernelConfig(false, commandLine, use);
  }

  /** CONFIG_CMDLINE: setup_arch of x86-64 and early_init_dt_scan_chosen of arm64 differ. */
  @Test
  void theCommandLineThatIsBuiltIntoTheNextKernelCounts() {
    KernelConfig off = with("kho=off", KernelConfig.Use.OVERRIDES);
    assertThat(luo(Kernels.with(off), "kho=on liveupdate=on")).isEqualTo(Verdict.LOST);
    KernelConfig before = with("kho=on liveupdate=on", KernelConfig.Use.PRECEDES);
    assertThat(luo(Kernels.with(before), "ro quiet")).isEqualTo(Verdict.OK);
    assertThat(luo(Kernels.with(before), "kho=off")).isEqualTo(Verdict.LOST);
    KernelConfig fallback = with("kho=on liveupdate=on", KernelConfig.Use.DEFAULT);
    assertThat(luo(Kernels.with(fallback), "")).isEqualTo(Verdict.OK);
    assertThat(luo(Kernels.with(fallback), "ro quiet")).isEqualTo(Verdict.LOST);
    KernelConfig none = with("", KernelConfig.Use.PRECEDES);
    assertThat(luo(Kernels.with(none), "kho=on liveupdate=on")).isEqualTo(Verdict.OK);
  }

  @Test
  void onlyAnOverridingCommandLineIsKnownWithoutTheGivenOne() {
    String unknown = "the next command line is unknown (--cmdline)";
    Report report =
        judge(Kernels.LINUX_7_3, Kernels.with(with("kho=off", KernelConfig.Use.OVERRIDES)));
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.LOST);
    assertThat(report.notes())
        .contains(
            "configured ignores the given command line, and uses its own (CONFIG_CMDLINE):"
                + " \"kho=off\"")
        .noneMatch(note -> note.startsWith(unknown));

    report = judge(Kernels.LINUX_7_3, Kernels.with(with("kho=off", KernelConfig.Use.PRECEDES)));
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.OK);
    assertThat(report.notes())
        .contains(
            "configured puts its own command line before the given one (CONFIG_CMDLINE):"
                + " \"kho=off\"")
        .anyMatch(note -> note.startsWith(unknown));
  }

  /** A table has up to 4,096 names, a profile more. */
  @Test
  @Timeout(60)
  void thousandsOfFileHandlersAreJudged() {
    Profile many =
        Kernels.withStrings(
            Stream.concat(
                    Stream.of("kho-v3", "luo-v5"),
                    IntStream.range(0, 4_000).mapToObj("driver%d_luo_v1"::formatted))
                .toList());
    assertThat(judge(many, many).components()).hasSizeGreaterThan(4_000);
  }

  @Test
  void aHandlerThatNoRowIsAboutIsLookedForAmongTheStrings() {
    HandoverContent content =
        content(Set.of("kho", "luo"), Set.of("vfio-pci-v1"), List.of(), List.of(), List.of());
    Profile has =
        Kernels.withStrings(
            List.of("preserved-data", "blob-size", "preserved-memory-map", "vfio-pci-v1"));
    Profile older =
        Kernels.withStrings(
            List.of("preserved-data", "blob-size", "preserved-memory-map", "vfio-pci-v0"));
    Profile without =
        Kernels.withStrings(List.of("preserved-data", "blob-size", "preserved-memory-map"));
    assertThat(judge(content, has)).isEqualTo(Verdict.OK);
    assertThat(judge(content, older)).isEqualTo(Verdict.UNREACHABLE);
    assertThat(judge(content, without)).isEqualTo(Verdict.UNKNOWN);
  }

  /** A kernel image alone does not show which files it will hand over: all that it can. */
  @Test
  void handlersWithoutARowAreComparedBetweenTwoKernels() {
    Profile from = withClients("vfio-pci-v1", "guest_memfd_luo_v1", "pci-v1", "board-v2");
    Report same = judge(from, from);
    assertThat(same.verdict()).isEqualTo(Verdict.OK);
    assertThat(same.components())
        .extracting(Component::name)
        .contains("guest_memfd_luo", "pci", "vfio-pci")
        .doesNotContain("board");

    Report other = judge(from, withClients("vfio-pci-v2", "guest_memfd_luo_v1", "pci-v2"));
    assertThat(verdict(other, "vfio-pci")).isEqualTo(Verdict.UNREACHABLE);
    assertThat(verdict(other, "luo")).isEqualTo(Verdict.UNREACHABLE);
    Report lost = judge(from, withClients("vfio-pci-v1", "guest_memfd_luo_v1", "pci-v2"));
    assertThat(verdict(lost, "pci")).isEqualTo(Verdict.LOST);
    assertThat(because(lost, "pci")).startsWith("pci-v1 is handed over, but the next kernel reads");

    Report lacking = judge(from, withClients("guest_memfd_luo_v1", "pci-v1"));
    assertThat(verdict(lacking, "vfio-pci")).isEqualTo(Verdict.UNKNOWN);
    assertThat(because(lacking, "vfio-pci"))
        .contains("no version of \"vfio-pci\" in its strings; it may be in a module");
    assertThat(lacking.verdict()).isEqualTo(Verdict.UNKNOWN);

    Profile withoutLuo = Kernels.with(from, Part.LUO, Support.no("a test"));
    assertThat(judge(withoutLuo, from).components())
        .extracting(Component::name)
        .doesNotContain("vfio-pci");
  }

  @Test
  void handlersWithoutARowMayBeWrittenWithTheSessionsOfTheJump() {
    Profile from = withClients("vfio-pci-v1");
    Profile to = withClients("vfio-pci-v2");
    HandoverContent open = content(HandoverContent.withSessions(Set.of("kho", "luo"), from));
    assertThat(verdict(Preflight.judge(from, Optional.of(open), to, Optional.empty()), "vfio-pci"))
        .isEqualTo(Verdict.UNREACHABLE);
    assertThat(because(withoutSessions(from, to), "vfio-pci"))
        .startsWith("no session is written yet; one with it would fail: vfio-pci-v1 is handed");
    HandoverContent known = content(Set.of("kho", "luo"));
    assertThat(Preflight.judge(from, Optional.of(known), to, Optional.empty()).verdict())
        .isEqualTo(Verdict.OK);
  }

  private static Profile withClients(String... names) {
    return Kernels.withStrings(
        Stream.concat(
                Stream.of("preserved-data", "blob-size", "preserved-memory-map"), Stream.of(names))
            .toList());
  }

  @Test
  void aPropertyThatTheNextKernelDoesNotReadIsCorrupt() {
    Profile from =
        Kernels.withStrings(List.of("preserved-data", "blob-size", "preserved-memory-map"));
    Profile to =
        Kernels.withStrings(List.of("preserved-blob", "blob-size", "preserved-memory-map"));
    Report report = judge(from, to);
    assertThat(verdict(report, "kho")).isEqualTo(Verdict.CORRUPT);
    assertThat(because(report, "kho")).contains("\"preserved-data\"");
  }

  /** Linux 6.17.9 made the bitmaps a page, and kho-v1 stayed. */
  @Test
  void theBitmapsThatGrewUnderOneVersionAreTold() {
    Profile small = linux6(KhoserMemChunk.SMALL_BITMAP);
    Profile large = linux6(KhoserMemChunk.PAGE_BITMAP);
    assertThat(new ClaimedLayouts(small).findings()).isEmpty();
    assertThat(new ClaimedLayouts(large).findings()).isEmpty();
    assertThat(judge(large, large).verdict()).isEqualTo(Verdict.OK);
    Report report = judge(small, large);
    assertThat(verdict(report, "kho")).isEqualTo(Verdict.CORRUPT);
    assertThat(because(report, "kho")).contains("kho_mem_phys_bits has 4096 bytes, not 512");
    assertThat(AbiDiff.between(small, large).worst()).isEqualTo(AbiDiff.State.FORGOTTEN);
  }

  private static Profile linux6(Structure bitmap) {
    return Kernels.withType(
        Kernels.kernel("6.x", Map.of(Part.KHO, List.of("kho-v1"))),
        KernelType.of(bitmap, PageSize.SIZE_4K).orElseThrow());
  }

  @Test
  void anotherPageSizeIsAPanic() {
    Profile large = Kernels.kernel("64k", PageSize.SIZE_64K, Map.of(Part.KHO, List.of("kho-v4")));
    Profile small = Kernels.kernel("4k", PageSize.SIZE_4K, Map.of(Part.KHO, List.of("kho-v4")));
    assertThat(judge(large, small).verdict()).isEqualTo(Verdict.PANIC);
    assertThat(because(judge(large, small), "kho")).startsWith("its page size is 4K, not 64K");
  }

  @Test
  void aSubtreeThatNobodyKnowsCannotBeJudged() {
    HandoverContent content =
        content(Set.of("kho"), Set.of(), List.of(), List.of("iommu"), List.of());
    assertThat(judge(content, Kernels.LINUX_7_3)).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void whatIsLostForSureIsNotUnknown() {
    ReserveMem trace = new ReserveMem("trace", 0x1234_0000, 1 << 20);
    HandoverContent content =
        content(Set.of("kho", "memblock"), Set.of(), List.of(trace), List.of("iommu"), List.of());
    Report report =
        Preflight.judge(
            Kernels.LINUX_7_3,
            Optional.of(content),
            Kernels.with(Part.KHO, "kho-v5"),
            Optional.empty());
    assertThat(report.verdict()).isEqualTo(Verdict.LOST);
    assertThat(because(report, "memblock")).isEqualTo("it goes with kho");
    assertThat(because(report, "iommu")).isEqualTo("it goes with kho");
  }

  @Test
  void aKnownPanicIsNotHiddenBehindAnUnknownReservation() {
    ReserveMem trace = new ReserveMem("trace", 0x1234_0000, 1 << 20);
    Report report =
        Preflight.judge(
            Kernels.LINUX_7_3,
            Optional.of(
                content(
                    Set.of("kho", "memblock", "luo"),
                    Set.of(),
                    List.of(trace),
                    List.of(),
                    List.of())),
            Kernels.with(Part.LUO, "luo-v6"),
            Optional.empty());
    assertThat(verdict(report, "memblock")).isEqualTo(Verdict.UNKNOWN);
    assertThat(report.verdict()).isEqualTo(Verdict.PANIC);
    assertThat(report.unknown()).isEqualTo(1);
  }

  @Test
  void aPartThatTheNextKernelLacksIsLostWhateverItsVersion() {
    Profile ambiguous =
        Kernels.with(Kernels.LINUX_7_3, Part.MEMBLOCK, Support.unknown("two strings"));
    assertThat(verdict(judge(ambiguous, Kernels.without(Part.MEMBLOCK)), "memblock"))
        .isEqualTo(Verdict.LOST);
    assertThat(verdict(judge(ambiguous, Kernels.LINUX_7_3), "memblock")).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void anotherLayoutIsCorruptAlsoWhereNoVersionIsKnown() {
    Profile swapped = Kernels.silent(Kernels.withType(SWAPPED_FLBS));
    Report report = judge(Kernels.LINUX_7_3, swapped);
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.CORRUPT);
    assertThat(because(report, "luo"))
        .startsWith("the version of the next kernel is unknown (a test), but in the next kernel");
    assertThat(verdict(report, "memblock")).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void anotherPageSizeIsAPanicAlsoWhereNoVersionIsKnown() {
    Profile large =
        Kernels.silent(
            Kernels.kernel("64k", PageSize.SIZE_64K, Map.of(Part.KHO, List.of("kho-v4"))));
    assertThat(verdict(judge(Kernels.LINUX_7_3, large), "kho")).isEqualTo(Verdict.PANIC);
  }

  @Test
  void whatMayArriveAfterAllIsJudgedByItself() {
    Profile ambiguous =
        Kernels.with(Kernels.with(Part.LUO, "luo-v6"), Part.KHO, Support.unknown("kho-v4, kho-v5"));
    Report report = judge(Kernels.LINUX_7_3, ambiguous);
    assertThat(verdict(report, "kho")).isEqualTo(Verdict.UNKNOWN);
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.PANIC);
    assertThat(verdict(report, "memblock")).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void withKhoOffLuoIsLostAlsoWhereTheVersionOfKhoIsUnknown() {
    Profile ambiguous =
        Kernels.with(Kernels.with(Part.LUO, "luo-v6"), Part.KHO, Support.unknown("kho-v4, kho-v5"));
    assertThat(luo(ambiguous, "kho=off")).isEqualTo(Verdict.LOST);
  }

  @Test
  void theNumberOfKexecMetadataDecides() {
    Support yes = Support.yes(List.of(), "the string is there");
    Profile unknown = Kernels.with(Kernels.LINUX_7_3, Part.KEXEC_METADATA, yes);
    assertThat(verdict(judge(Kernels.LINUX_7_3, Kernels.LINUX_7_3), "kexec-metadata"))
        .isEqualTo(Verdict.OK);
    Profile other = Kernels.with(Part.KEXEC_METADATA, "2");
    assertThat(verdict(judge(Kernels.LINUX_7_3, other), "kexec-metadata"))
        .isEqualTo(Verdict.DEGRADED);
    for (Report report :
        List.of(judge(unknown, Kernels.LINUX_7_3), judge(Kernels.LINUX_7_3, unknown))) {
      assertThat(verdict(report, "kexec-metadata")).isEqualTo(Verdict.UNKNOWN);
      assertThat(report.unknown()).isEqualTo(1);
    }
  }

  @Test
  void withKhoOffNoNumberOfKexecMetadataMatters() {
    Support yes = Support.yes(List.of(), "the string is there");
    Report report =
        Preflight.judge(
            Kernels.with(Kernels.LINUX_7_3, Part.KEXEC_METADATA, yes),
            Optional.empty(),
            Kernels.LINUX_7_3,
            Optional.of(new CommandLine("kho=off")));
    assertThat(verdict(report, "kexec-metadata")).isEqualTo(Verdict.DEGRADED);
  }

  @Test
  void damageDecidesWhatBecomesOfAPart() {
    Damage damage = new Damage("memfd", Verdict.UNREACHABLE, "MEMFD-004");
    Report report = judge(damage, Kernels.LINUX_7_3, "kho=on liveupdate=on");
    assertThat(report.verdict()).isEqualTo(Verdict.UNREACHABLE);
    assertThat(because(report, "memfd")).isEqualTo("MEMFD-004");
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.OK);
  }

  @Test
  void damageSpreadsToThePartsWithin() {
    Damage damage = new Damage("kho", Verdict.CORRUPT, "MAP-001");
    Report report = judge(damage, Kernels.LINUX_7_3, "kho=on liveupdate=on");
    assertThat(report.components()).extracting(Component::verdict).containsOnly(Verdict.CORRUPT);
    assertThat(because(report, "memfd")).isEqualTo("it goes with luo");
  }

  @Test
  void damageThatNoKernelReadsDoesNotMatter() {
    Damage damage = new Damage("luo", Verdict.PANIC, "LUO-001");
    assertThat(verdict(judge(damage, Kernels.LINUX_7_3, "kho=off"), "luo")).isEqualTo(Verdict.LOST);
    assertThat(verdict(judge(damage, Kernels.without(Part.LUO), "kho=on"), "luo"))
        .isEqualTo(Verdict.LOST);
    assertThat(verdict(judge(damage, Kernels.with(Part.KHO, "kho-v5"), "kho=on"), "luo"))
        .isEqualTo(Verdict.LOST);
  }

  @Test
  void theContentOfAnotherLayoutIsNotJudgedByTheContract() {
    Damage damage = new Damage("luo", Verdict.PANIC, "FLB-001");
    Profile swapped = Kernels.withType(SWAPPED_FLBS);
    Report report = judge(swapped, damage, swapped, "kho=on liveupdate=on");
    assertThat(report.verdict()).isEqualTo(Verdict.OK);
    assertThat(report.notes())
        .contains(
            "the content of luo was not examined: its layout in the first kernel is not that of its version");
  }

  @Test
  void damageOfAPartThatIsNotInUseIsThatOfItsContainer() {
    Damage damage = new Damage("flb", Verdict.CORRUPT, "FLB-001");
    Report report = judge(damage, Kernels.LINUX_7_3, "kho=on liveupdate=on");
    assertThat(verdict(report, "luo")).isEqualTo(Verdict.CORRUPT);
  }

  /** A dump of a running kernel: its sessions are written at the jump. */
  @Test
  void aFileThatMayStillBeWrittenIsUnknownWhereItWouldBeRefused() {
    Report report = withoutSessions(Kernels.LINUX_7_3, Kernels.without(Part.MEMFD));
    assertThat(verdict(report, "memfd")).isEqualTo(Verdict.UNKNOWN);
    assertThat(because(report, "memfd")).contains("the next kernel does not have it");
    assertThat(report.verdict()).isEqualTo(Verdict.UNKNOWN);
    Profile newer = Kernels.with(Part.MEMFD, "memfd-v3");
    assertThat(withoutSessions(Kernels.LINUX_7_3, newer).verdict()).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void aFileThatMayStillBeWrittenAndWouldBeAcceptedIsANote() {
    Profile image = Kernels.with(Part.MEMFD, Support.unknown("no files"));
    for (Profile from : List.of(Kernels.LINUX_7_3, image)) {
      Report report = withoutSessions(from, Kernels.LINUX_7_3);
      assertThat(report.verdict()).isEqualTo(Verdict.OK);
      assertThat(report.notes())
          .anyMatch(note -> note.startsWith("the handover has no LUO sessions"));
    }
    Report lost = withoutSessions(image, Kernels.without(Part.LUO));
    assertThat(lost.notes()).noneMatch(note -> note.startsWith("the handover has no LUO sessions"));
  }

  private static Report withoutSessions(Profile from, Profile to) {
    HandoverContent content =
        new HandoverContent(
            Set.of("kho", "luo"),
            Set.of("memfd", "flb"),
            Set.of(),
            Set.of(),
            List.of(),
            List.of(),
            Optional.of(new Integrity(List.of(), List.of())),
            Optional.empty());
    return Preflight.judge(from, Optional.of(content), to, Optional.empty());
  }

  @Test
  void withoutMemoryTheContentIsSaidNotToBeExamined() {
    String note =
        "the content of the handover was not examined: that needs the first kernel's memory"
            + " (--from IMAGE, or --from running as root)";
    assertThat(judge(Kernels.LINUX_7_3, Kernels.LINUX_7_3).notes()).contains(note);
    assertThat(
            judge(
                    new Damage("memfd", Verdict.UNREACHABLE, "MEMFD-004"),
                    Kernels.LINUX_7_3,
                    "kho=on")
                .notes())
        .doesNotContain(note);
  }

  private static final KernelType SWAPPED_FLBS =
      new KernelType(
          "luo_flb_header_ser",
          16,
          List.of(new Member("count", 0, 64), new Member("pgcnt", 64, 64)));

  /** All parts of Linux 7.3 in use, one of them damaged. */
  private static Report judge(Damage damage, Profile to, String line) {
    return judge(Kernels.LINUX_7_3, damage, to, line);
  }

  private static Report judge(Profile from, Damage damage, Profile to, String line) {
    return Preflight.judge(
        from,
        Optional.of(
            content(
                Set.of("kho", "kexec-metadata", "memblock", "luo", "memfd"),
                Set.of(),
                List.of(),
                List.of(),
                List.of(damage))),
        to,
        Optional.of(new CommandLine(line)));
  }

  private static HandoverContent content(Set<String> parts) {
    return content(parts, Set.of(), List.of(), List.of(), List.of());
  }

  private static HandoverContent content(
      Set<String> parts,
      Set<String> handlers,
      List<ReserveMem> reservations,
      List<String> unknownSubtrees,
      List<Damage> damages) {
    return new HandoverContent(
        parts,
        Set.of(),
        handlers,
        Set.of(),
        reservations,
        unknownSubtrees,
        Optional.of(new Integrity(damages, List.of())),
        Optional.empty());
  }

  private static Verdict judge(HandoverContent content, Profile to) {
    return Preflight.judge(Kernels.LINUX_7_3, Optional.of(content), to, Optional.empty()).verdict();
  }

  private static Verdict luo(String commandLine) {
    return luo(Kernels.LINUX_7_3, commandLine);
  }

  private static Verdict luo(Profile to, String commandLine) {
    return verdict(
        Preflight.judge(
            Kernels.LINUX_7_3, Optional.empty(), to, Optional.of(new CommandLine(commandLine))),
        "luo");
  }

  private static Verdict memblock(HandoverContent content, @Nullable String line) {
    return verdict(
        Preflight.judge(
            Kernels.LINUX_7_3,
            Optional.of(content),
            Kernels.LINUX_7_3,
            Optional.ofNullable(line).map(CommandLine::new)),
        "memblock");
  }

  private static Report judge(Profile from, Profile to) {
    return Preflight.judge(from, Optional.empty(), to, Optional.empty());
  }

  private static Verdict verdict(Report report, String part) {
    return component(report, part).verdict();
  }

  private static String because(Report report, String part) {
    return component(report, part).because();
  }

  private static Component component(Report report, String part) {
    return report.components().stream()
        .filter(component -> component.name().equals(part))
        .findFirst()
        .orElseThrow();
  }
}
