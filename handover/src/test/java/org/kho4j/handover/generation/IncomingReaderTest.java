package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.SetupData;
import org.kho4j.fdt.FdtEditor;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;

/** A sound handover, broken in one place at a time: it is refused, and nothing is written. */
class IncomingReaderTest {

  private static final long PAGE = 4096;
  private static final long BASE = 0x40000000L;
  private static final long SIZE = 1000 * PAGE;
  private static final AddressRange SCRATCH = new AddressRange(BASE + 0x10000, 0x10000);
  private static final long FOLIO = BASE + 0x100000;
  private static final long BLOB = BASE + 0x200000;

  private final WritableMemory memory = WritableMemory.allocate(BASE, SIZE);
  private final PreservedMap map;
  private final long fdt;
  private BootData boot;

  IncomingReaderTest() {
    Generation generation =
        Generation.first(memory, Setup.of(PageSize.SIZE_4K, List.of(SCRATCH), "sound"));
    generation.preserve(generation.allocateAt(FOLIO, 2));
    generation.preserve(generation.allocateAt(BLOB, 1));
    generation.addSubtree("blob", BLOB + 16, 5000);
    map = generation.outgoing().preservedMap();
    fdt = generation.outgoing().root().address();
    boot = generation.handOver();
  }

  @AfterEach
  void close() {
    memory.close();
  }

  private Generation boot() {
    return Generation.boot(memory, boot, Setup.of(PageSize.SIZE_64K, List.of(), "next"));
  }

  private String refusal() {
    long[] before = memory.read(BASE, SIZE).toArray(ValueLayout.JAVA_LONG);
    String sentence = catchThrowableOfType(HandoverException.class, this::boot).getMessage();
    assertThat(memory.read(BASE, SIZE).toArray(ValueLayout.JAVA_LONG)).isEqualTo(before);
    return sentence;
  }

  /** Sets the bit of a block in a leaf that is there. */
  private void preserve(long address, int order, boolean preserved) {
    long key = KhoRadix.key(PageSize.SIZE_4K, address, order);
    long bit = key & 0x7fff;
    MemorySegment word = memory.writable(leaf(key) + (bit >>> 6 << 3), 8);
    long mask = 1L << bit;
    word.set(
        StructureView.U64,
        0,
        preserved ? word.get(StructureView.U64, 0) | mask : word.get(StructureView.U64, 0) & ~mask);
  }

  private long leaf(long key) {
    long[] found = new long[1];
    map.forEachNode((address, level, first) -> {
      if (level == 0 && first == key >>> 15 << 15) {
        found[0] = address;
      }
    });
    return found[0];
  }

  private long leafOfOrderZero() {
    return leaf(KhoRadix.key(PageSize.SIZE_4K, fdt, 0));
  }

  @Test
  void acceptsWhatIsSound() {
    Generation next = boot();

    assertThat(next.pageSize()).isEqualTo(PageSize.SIZE_4K);
    assertThat(next.scratch()).containsExactly(SCRATCH);
    assertThat(next.incoming().orElseThrow().restoreFolio(FOLIO)).isEqualTo(new Folio(FOLIO, 2));
  }

  @Test
  void blocksThatOverlap() {
    preserve(FOLIO + 3 * PAGE, 0, true);

    assertThat(refusal())
        .isEqualTo(
            "/preserved-memory-map at 0x40103000: the preserved block of 4096 bytes has page"
                + " 0x40103000, which is also preserved elsewhere or part of the map");
  }

  @Test
  void aBlockInScratch() {
    preserve(SCRATCH.end() - PAGE, 0, true);

    assertThat(refusal())
        .isEqualTo(
            "/preserved-memory-map at 0x4001f000: the preserved block of 4096 bytes is in scratch region 0x40010000-0x4001ffff");
  }

  @Test
  void aBlockThatIsNotInMemory() {
    preserve(BASE + SIZE, 0, true);

    assertThat(refusal())
        .isEqualTo(
            "/preserved-memory-map at 0x403e8000: the preserved block of 4096 bytes is partly"
                + " outside of memory, which has 0x40000000 to 0x403e7fff");
  }

  @Test
  void aNodeThatIsPreserved() {
    preserve(map.root(), 0, true);

    assertThat(refusal())
        .startsWith("/preserved-memory-map at 0x%x: a page of the map itself".formatted(map.root()))
        .endsWith("which is also preserved elsewhere or part of the map");
  }

  @Test
  void aNodeInScratch() {
    long leaf = leafOfOrderZero();
    memory.writable(SCRATCH.address() + PAGE, PAGE).copyFrom(memory.read(leaf, PAGE));
    replace(leaf, SCRATCH.address() + PAGE);

    assertThat(refusal())
        .isEqualTo(
            "/preserved-memory-map at 0x40011000: a page of the map itself of 4096 bytes is in scratch region 0x40010000-0x4001ffff");
  }

  @Test
  void aNodeThatIsNotInMemory() {
    replace(leafOfOrderZero(), BASE + SIZE);

    assertThat(refusal()).startsWith("/preserved-memory-map/leaf at 0x403e8000: ");
  }

  @Test
  void aNodeThatIsMisaligned() {
    replace(leafOfOrderZero(), BASE + 0x123);

    assertThat(refusal())
        .startsWith("/preserved-memory-map/leaf at 0x40000123: ")
        .contains("not aligned to a page of 4K");
  }

  @Test
  void aTreeThatLoops() {
    replace(leafOfOrderZero(), map.root());

    assertThat(refusal())
        .isEqualTo(
            "/preserved-memory-map/leaf at 0x%x: the tree reaches this page a second time"
                .formatted(map.root()));
  }

  /** Puts another address where the tree has that one. */
  private void replace(long node, long address) {
    List<MemorySegment> tables = new ArrayList<>();
    map.forEachNode((table, level, key) -> {
      if (level > 0) {
        tables.add(memory.writable(table, PAGE));
      }
    });
    for (MemorySegment table : tables) {
      for (long slot = 0; slot < PAGE; slot += 8) {
        if (table.get(StructureView.U64, slot) == node) {
          table.set(StructureView.U64, slot, address);
        }
      }
    }
  }

  @Test
  void theRootFdtsPageIsNotPreserved() {
    preserve(fdt, 0, false);

    assertThat(refusal())
        .isEqualTo(
            "/preserved-memory-map at 0x%x: the root FDT's own page is not preserved"
                .formatted(fdt));
  }

  @Test
  void aBlobIsNotPreserved() {
    preserve(BLOB, 1, false);

    assertThat(refusal())
        .isEqualTo("/blob at 0x40200010: the blob of 5000 bytes is not completely preserved");
  }

  @Test
  void aBlobGoesOnBehindItsBlock() {
    setBlob("blob-size", 2 * PAGE);

    assertThat(refusal())
        .isEqualTo("/blob at 0x40200010: the blob of 8192 bytes is not completely preserved");
  }

  @Test
  void aBlobsSizeCannotBe() {
    setBlob("blob-size", -1);
    assertThat(refusal())
        .isEqualTo(
            "/blob at 0x40200010: the blob of 18446744073709551615 bytes is not completely"
                + " preserved");
    setBlob("blob-size", 0);
    assertThat(refusal())
        .isEqualTo("/blob at 0x40200010: the blob of 0 bytes is not completely preserved");
  }

  @Test
  void aBlobInTheMapsOwnPages() {
    setBlob("preserved-data", leafOfOrderZero());
    setBlob("blob-size", 8);

    assertThat(refusal()).endsWith(": the blob of 8 bytes is not completely preserved");
  }

  @Test
  void aSubtreeWithoutAnAddress() {
    FdtEditor editor = FdtEditor.open(memory.writable(fdt, PAGE));
    editor.root().child("blob").removeProperty("preserved-data");
    editor.pack();

    assertThat(refusal()).startsWith("/blob").contains("preserved-data");
  }

  private void setBlob(String property, long value) {
    FdtEditor editor = FdtEditor.open(memory.writable(fdt, PAGE));
    editor
        .root()
        .child("blob")
        .set(FdtProperty.ofU64(property, value, java.nio.ByteOrder.LITTLE_ENDIAN));
    editor.pack();
  }

  @Test
  void aVersionThatNobodyKnows() {
    FdtEditor editor = FdtEditor.open(memory.writable(fdt, PAGE));
    editor.root().set(FdtProperty.ofString("compatible", "kho-v9"));
    editor.pack();

    assertThat(refusal()).isEqualTo("/ at 0x%x: a newer contract: kho-v9", fdt);
  }

  @Test
  void noRootFdtAtTheAddress() {
    boot = new BootData(fdt + PAGE, PAGE, boot.scratchAddress(), boot.scratchSize());
    assertThat(refusal()).contains("0x%x".formatted(fdt + PAGE));

    boot = new BootData(BASE + SIZE, PAGE, boot.scratchAddress(), boot.scratchSize());
    assertThat(refusal()).startsWith("/ at 0x403e8000: ");
  }

  @Test
  void aPageSizeThatThereIsNot() {
    boot = new BootData(fdt, 8192, boot.scratchAddress(), boot.scratchSize());
    assertThat(refusal())
        .isEqualTo(
            "/boot-record at 0x%x: the FDT's size is 8192, which is no page size".formatted(fdt));
  }

  /** Nothing in memory tells the page size but the boot record. */
  @Test
  void thePageSizeOfAnotherKernel() {
    boot = new BootData(fdt, 0x4000, boot.scratchAddress(), boot.scratchSize());
    assertThat(refusal()).contains("is not aligned to a page of 16K");
  }

  @Test
  void memoryThatIsNoWholePagesOfThatSize() {
    boot = new BootData(fdt, 0x10000, boot.scratchAddress(), boot.scratchSize());
    assertThat(refusal())
        .isEqualTo(
            "/boot-record at 0x%x: the page size is 64K, and memory from 0x40000000 to 0x403e7fff is no whole pages of it"
                .formatted(fdt));
  }

  private String scratchRefusal(long... entries) {
    MemorySegment array = memory.writable(SCRATCH.address(), 8L * entries.length);
    array.copyFrom(MemorySegment.ofArray(entries));
    boot = new BootData(fdt, PAGE, SCRATCH.address(), 8L * entries.length);
    return refusal();
  }

  @Test
  void scratchRegionsThatCannotBe() {
    long address = SCRATCH.address();
    assertThat(scratchRefusal(address, 0x2000, address + 0x1000, 0x1000))
        .isEqualTo(
            "/scratch/region 1 at 0x40011000: 0x40011000-0x40011fff overlaps region"
                + " 0x40010000-0x40011fff");
    assertThat(scratchRefusal(address + 0x10, 0x1000))
        .isEqualTo(
            "/scratch/region 0 at 0x40010010: the region's address 0x40010010 is not aligned to a page of 4K");
    assertThat(scratchRefusal(address, 0x1010))
        .startsWith("/scratch/region 0 at 0x40010000: 4112 bytes are not whole pages in memory");
    assertThat(scratchRefusal(address, -1L << 12))
        .isEqualTo("/scratch/region 0 at 0x40010000: 18446744073709547520 bytes cannot be memory");
    assertThat(scratchRefusal(BASE + SIZE, 0x1000))
        .startsWith("/scratch/region 0 at 0x403e8000: 4096 bytes are not whole pages in memory");
    boot = new BootData(fdt, PAGE, SCRATCH.address(), 15);
    assertThat(refusal())
        .isEqualTo("/scratch at 0x40010000: 15 bytes are 0 regions; 1 to 1026 regions are allowed");
    boot = new BootData(fdt, PAGE, SCRATCH.address(), 1L << 40);
    assertThat(refusal()).startsWith("/scratch at 0x40010000: 1099511627776 bytes are");
    boot = new BootData(fdt, PAGE, BASE + SIZE, 16);
    assertThat(refusal()).startsWith("/scratch at 0x403e8000: ");
  }

  @Test
  void scratchThatLacksARegion() {
    long[] empty = {SCRATCH.address(), SCRATCH.length(), BASE, 0};
    memory.writable(SCRATCH.address(), 32).copyFrom(MemorySegment.ofArray(empty));
    boot = new BootData(fdt, PAGE, SCRATCH.address(), 32);

    assertThat(boot().scratch()).containsExactly(SCRATCH, new AddressRange(BASE, 0));
  }

  private long record(long type, long length) {
    MemorySegment record = memory.writable(SCRATCH.address() + 0x1000, 48);
    boot.writeTo(new StructureView(SetupData.STRUCTURE, 0, record));
    record.set(StructureView.U64, SetupData.TYPE.offset(), length << 32 | type);
    return SCRATCH.address() + 0x1000;
  }

  @Test
  void findsTheBootRecordBehindOthers() {
    long ours = record(SetupData.TYPE_KEXEC_KHO, 32);
    MemorySegment other = memory.writable(SCRATCH.address() + 0x800, 16);
    other.set(StructureView.U64, 0, ours);
    other.set(StructureView.U64, 8, 9);

    assertThat(BootData.ofSetupData(memory, SCRATCH.address() + 0x800)).isEqualTo(boot);
  }

  @Test
  void bootRecordsThatCannotBe() {
    assertThat(recordRefusal(record(SetupData.TYPE_KEXEC_KHO, 24)))
        .isEqualTo("/boot-record at 0x40011000: len is 24, not 32");
    assertThat(recordRefusal(record(9, 32)))
        .isEqualTo("/boot-record at 0x40011000: no setup_data of type 10 in the list");
    long looping = record(9, 32);
    memory.writable(looping, 8).set(StructureView.U64, 0, looping);
    assertThat(recordRefusal(looping))
        .isEqualTo("/boot-record at 0x40011000: no setup_data of type 10 in the list");
    memory.writable(looping, 8).set(StructureView.U64, 0, BASE + SIZE);
    assertThat(recordRefusal(looping)).startsWith("/boot-record at 0x403e8000: ");
    assertThat(recordRefusal(0))
        .isEqualTo("/boot-record at 0x0: no setup_data of type 10 in the list");
  }

  private String recordRefusal(long address) {
    return catchThrowableOfType(
            HandoverException.class, () -> BootData.ofSetupData(memory, address))
        .getMessage();
  }
}
