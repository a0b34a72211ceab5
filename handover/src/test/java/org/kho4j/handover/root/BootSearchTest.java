package org.kho4j.handover.root;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.pages.AddressRange;

/** Boot records are found with the root FDT that they lead to. */
class BootSearchTest {

  private static final long ROOT = 0x3000;

  /** Where kexec_file_load prepared the boot parameters, and where they will be at the jump. */
  private static final long PREPARED = 0x20000;

  private static final long PARAMETERS = 0x90000;

  private static final long LIST = PARAMETERS + 0x1080;
  private static final long COPY = 0x8f0000;
  private static final long OWN = 0x40000;

  private final SparseMemory ram = new SparseMemory();

  @BeforeEach
  void memory() {
    ram.zeros(0, 1 << 20)
        .zeros(0x800000, 0x400000)
        .zeros(0x1000000, 0x400000)
        .put(ROOT, Tree.compatible("kho-v4").u64("preserved-memory-map", 0x5000).blob());
  }

  private void bootParameters(long address) {
    ram.put16(address + 0x1fe, 0xaa55).put(address + 0x202, "HdrS").put64(address + 0x250, LIST);
  }

  private void record(long address, long root) {
    ram.put64(address, 0)
        .put32(address + 8, 10)
        .put32(address + 12, 32)
        .put64(address + 16, root)
        .put64(address + 24, 4096)
        .put64(address + 32, COPY)
        .put64(address + 40, 32);
  }

  private void array(long address) {
    ram.put64(address, 0x800000)
        .put64(address + 8, 0x400000)
        .put64(address + 16, 0x1000000)
        .put64(address + 24, 0x400000);
  }

  private Optional<BootRecord> found() {
    return RootSearch.search(ram, bytes -> {}).roots().getFirst().bootRecord();
  }

  private static BootRecord at(long address, long array) {
    return new BootRecord(
        address, new BootData(ROOT, 4096, COPY, 32), Optional.of(new AddressRange(array, 32)));
  }

  @Test
  void afterTheCopyTheParametersLeadToTheRecord() {
    bootParameters(PARAMETERS);
    record(LIST, ROOT);
    array(COPY);

    assertThat(found()).contains(at(LIST, COPY));
  }

  /** Nothing else tells where the regions are: what is there counts, whatever it is. */
  @Test
  void afterTheCopyAnOverwrittenArrayIsTheArray() {
    bootParameters(PARAMETERS);
    record(LIST, ROOT);
    ram.put64(COPY, 0x800008);

    assertThat(found()).contains(at(LIST, COPY));
  }

  /** kexec_file_load may prepare the parameters where they will be at the jump. */
  @Test
  void parametersInPlaceDoNotShowThatTheArrayIsCopied() {
    bootParameters(PARAMETERS);
    record(LIST, ROOT);
    array(OWN);
    ram.put64(COPY, 0x12345678);

    assertThat(found()).contains(at(LIST, OWN));
  }

  /** More pages look like an array than are kept: those at the lowest addresses are. */
  @Test
  void whichArraysAreKeptDoesNotDependOnTheOrderOfTheSearch() {
    bootParameters(PREPARED);
    record(PREPARED + 0x1080, ROOT);
    array(OWN);
    ram.zeros(0x2000000, 0x800000);
    for (long page = 0x2000000; page < 0x2800000; page += 0x1000) {
      array(page);
    }

    assertThat(found()).contains(at(PREPARED + 0x1080, OWN));
  }

  @Test
  void beforeTheCopyTheKernelsOwnArrayCounts() {
    bootParameters(PREPARED);
    record(PREPARED + 0x1080, ROOT);
    array(OWN);

    assertThat(found()).contains(at(PREPARED + 0x1080, OWN));
  }

  @Test
  void theRecordMayFollowAnotherInTheList() {
    bootParameters(PREPARED);
    ram.put64(PREPARED + 0x1080, LIST + 48)
        .put32(PREPARED + 0x1088, 9)
        .put32(PREPARED + 0x108c, 32);
    record(PREPARED + 0x1080 + 48, ROOT);

    assertThat(found()).map(BootRecord::address).contains(PREPARED + 0x1080);
  }

  /** Memory that movable pages use until the jump is no array. */
  @Test
  void beforeTheCopyNothingElseIsTakenForTheArray() {
    bootParameters(PREPARED);
    record(PREPARED + 0x1080, ROOT);
    array(COPY);
    ram.put64(COPY, 0x12345678);
    array(OWN);
    ram.put64(OWN, 0x2000000);

    assertThat(found()).map(BootRecord::array).contains(Optional.empty());
  }

  /** A table of the map has addresses of pages as well. */
  @Test
  void aTableOfTheMapIsNoArray() {
    bootParameters(PREPARED);
    record(PREPARED + 0x1080, ROOT);
    ram.put64(OWN, 0x50000).put64(OWN + 8, 0x900000).put64(OWN + 16, 0x51000).put64(OWN + 24, 0);

    assertThat(found()).map(BootRecord::array).contains(Optional.empty());
  }

  @Test
  void aRecordAtTheStartOfAPageIsFound() {
    record(0x6000, ROOT);
    array(COPY);

    assertThat(found()).contains(at(0x6000, COPY));
  }

  @Test
  void aRecordOfAnotherRootIsNotBelieved() {
    bootParameters(PARAMETERS);
    record(LIST, ROOT + 0x1000);
    record(0x6000, ROOT + 0x1000);
    array(COPY);

    assertThat(found()).isEmpty();
  }

  @Test
  void impossibleRecordsAreNotBelieved() {
    record(0x6000, ROOT);
    ram.put64(0x6000 + 24, 4097);
    record(0x7000, ROOT);
    ram.put64(0x7000 + 40, -1);
    record(0x8000, ROOT);
    ram.put64(0x8000 + 32, 1L << 52);

    assertThat(found()).isEmpty();
  }

  @Test
  void theMachinesTreeHasTheRecordOfArm64() {
    ram.put(
        0x50000,
        ChosenNode.alone(new BootData(ROOT, 4096, COPY, 32)).toArray(ValueLayout.JAVA_BYTE));
    array(OWN);

    assertThat(found()).contains(at(0x50000, OWN));
  }
}
