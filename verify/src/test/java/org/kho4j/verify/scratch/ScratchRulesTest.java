package org.kho4j.verify.scratch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.PageSize;
import org.kho4j.files.LittleEndian;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;

/** Boot record and scratch array at the moments of a kexec. */
class ScratchRulesTest {

  private static final long RECORD = 0x180000;
  private static final long ARRAY = 0x190000;
  private static final AddressRange REGION = new AddressRange(0x400000, 0x400000);

  /** A handover with a boot record whose array is still zeros. */
  private static Handover beforeTheCopy(WritableMemory memory) {
    return beforeTheCopy(memory, KhoLayout.newest());
  }

  private static Handover beforeTheCopy(WritableMemory memory, KhoLayout layout) {
    Setup setup = Setup.of(PageSize.SIZE_4K, List.of(REGION), "scratch-test").withLayout(layout);
    Handover handover = Generation.first(memory, setup).outgoing();
    new BootData(handover.root().address(), 4096, ARRAY, 16).writeSetupData(memory, RECORD);
    return handover;
  }

  private static StructureView region(WritableMemory memory, long address) {
    return new StructureView(KhoScratch.STRUCTURE, address, memory.writable(address, 16));
  }

  private static Checked verify(
      Handover handover, Optional<AddressRange> array, List<Finding> findings) {
    return Verifier.verify(
        handover,
        new Verifier.Options(rule -> true, 20, OptionalLong.of(RECORD), array, List.of(), false),
        findings::add);
  }

  @Test
  void anArrayThatKexecHasNotCopiedIsNotChecked() throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      List<Finding> findings = new ArrayList<>();
      Checked checked = verify(beforeTheCopy(memory), Optional.empty(), findings);

      assertThat(findings).isEmpty();
      assertThat(checked.notChecked())
          .containsExactly(
              "scratch: the array at 0x190000 is zeros: kexec has not copied it there yet");
    }
  }

  @Test
  void scratchSaysWhatItTakes() throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      Handover handover = beforeTheCopy(memory);
      region(memory, ARRAY).setAddress(KhoScratch.ADDR, REGION.address());
      region(memory, ARRAY).set(KhoScratch.SIZE, REGION.length());
      List<Finding> findings = new ArrayList<>();
      verify(handover, Optional.empty(), findings);

      assertThat(findings)
          .singleElement()
          .satisfies(finding -> {
            assertThat(finding.rule()).isEqualTo(ScratchRules.TAKES);
            assertThat(finding.message())
                .isEqualTo("1 region takes 4,194,304 bytes of 16,777,216, which are 25.0 %");
          });
    }
  }

  /** As a percentage in kho_scratch= makes one; so have both whole guests. */
  @Test
  void anEmptyRegionHidesNothing() throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      Handover handover = beforeTheCopy(memory);
      new BootData(handover.root().address(), 4096, ARRAY, 32).writeSetupData(memory, RECORD);
      region(memory, ARRAY).setAddress(KhoScratch.ADDR, REGION.address());
      region(memory, ARRAY).set(KhoScratch.SIZE, 0x10000);
      List<Finding> findings = new ArrayList<>();
      verify(handover, Optional.empty(), findings);

      assertThat(findings)
          .extracting(Finding::rule)
          .contains(ScratchRules.TAKES, ScratchRules.TOO_SMALL);
    }
  }

  /** 7.1 aligns regions to 2 MiB, 7.2 to 4 MiB. */
  @ParameterizedTest
  @CsvSource({"kho-v4, SCRATCH-004", "kho-v3@7.1, "})
  void theAlignmentIsThatOfTheWritersRelease(String layout, @Nullable String broken)
      throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      Handover handover = beforeTheCopy(memory, KhoLayout.of(layout).orElseThrow());
      region(memory, ARRAY).setAddress(KhoScratch.ADDR, 0x600000);
      region(memory, ARRAY).set(KhoScratch.SIZE, 0x200000);
      List<Finding> findings = new ArrayList<>();
      verify(handover, Optional.empty(), findings);

      assertThat(findings)
          .extracting(finding -> finding.rule().id())
          .filteredOn(rule -> !rule.equals("SCRATCH-008"))
          .isEqualTo(broken == null ? List.of() : List.of(broken));
    }
  }

  @Test
  void theKernelsOwnArrayTakesThePlaceOfItsCopy() throws IOException {
    long own = 0x1a0000;
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      Handover handover = beforeTheCopy(memory);
      region(memory, own).setAddress(KhoScratch.ADDR, REGION.address() + 8);
      region(memory, own).set(KhoScratch.SIZE, REGION.length());
      List<Finding> findings = new ArrayList<>();
      verify(handover, Optional.of(new AddressRange(own, 16)), findings);

      assertThat(findings).extracting(Finding::rule).contains(ScratchRules.REGION);
    }
  }

  /** Boot parameters lead to the record, as those that kexec_file_load prepares do. */
  private static void bootParameters(WritableMemory memory, long address) {
    MemorySegment page = memory.writable(address, 4096);
    page.set(LittleEndian.U16, 0x1fe, (short) 0xaa55);
    page.setString(0x202, "HdrS", StandardCharsets.US_ASCII);
    page.set(LittleEndian.U64, 0x250, RECORD);
  }

  /** Metadata in a slab in scratch was a real bug of 6.17 and 6.18. */
  @Test
  void aStructureInScratchIsFoundWithoutAnAddress() throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      long root = beforeTheCopy(memory).root().address();
      region(memory, ARRAY).setAddress(KhoScratch.ADDR, root & -(4 << 20));
      region(memory, ARRAY).set(KhoScratch.SIZE, 4 << 20);
      bootParameters(memory, 0x90000);
      List<Finding> findings = new ArrayList<>();
      Verifier.verify(Handovers.find(memory), Verifier.Options.ALL, findings::add);

      assertThat(findings)
          .extracting(Finding::rule)
          .contains(
              ScratchContentRules.STRUCTURE, ScratchContentRules.PRESERVED, ScratchRules.TAKES);
      assertThat(findings)
          .filteredOn(finding -> finding.rule().equals(ScratchRules.TAKES))
          .extracting(Finding::message)
          .singleElement()
          .asString()
          .endsWith(" (boot record found at 0x180000)");
    }
  }

  @Test
  void theWritersPageSizeInARecordThatWasFoundIsChecked() throws IOException {
    try (WritableMemory memory = WritableMemory.allocate(0, 16 << 20)) {
      long root = beforeTheCopy(memory).root().address();
      new BootData(root, 16384, ARRAY, 16).writeSetupData(memory, RECORD);
      bootParameters(memory, 0x90000);
      List<Finding> findings = new ArrayList<>();
      Verifier.verify(Handovers.find(memory), Verifier.Options.ALL, findings::add);

      assertThat(findings).extracting(Finding::rule).contains(ScratchRules.RECORD);
    }
  }
}
