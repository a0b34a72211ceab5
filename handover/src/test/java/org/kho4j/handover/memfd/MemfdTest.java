package org.kho4j.handover.memfd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.Handover;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.map.OrderCounts;

/**
 * One session with one file; the memfd's structure at 0x300000, its chunk at 0x301000, its folio
 * array from 0x302000 on. Offsets as in ABI-HISTORY 12.
 */
class MemfdTest {

  private static final long SER = 0x300000;
  private static final long CHUNK = 0x301000;
  private static final long ARRAY = 0x302000;

  private final KernelMemory kernel = new KernelMemory();

  private void file(String compatible, long data) {
    kernel.ram.zeros(0x200000, 0x1000).put(0x200000, "luo-v5").put64(0x200010, 0x201000);
    kernel.ram.zeros(0x201000, 0x1000).put64(0x201008, 1).put(0x201010, "s");
    kernel.ram.put64(0x201010 + 64, 0x202000).put64(0x201010 + 72, 1);
    kernel.ram.zeros(0x202000, 0x1000).put64(0x202008, 1).put(0x202010, compatible);
    kernel.ram.put64(0x202010 + 48, data).put64(0x202010 + 56, 0x3e6);
    kernel.subtree("LUO", 0x200000, 32);
  }

  private void version2(long size, long folios, long first, int totalPages) {
    file("memfd-v2", SER);
    kernel.ram.zeros(SER, 0x1000).put64(SER, 5).put64(SER + 8, size);
    kernel.ram.put32(SER + 16, 0x2f).put64(SER + 24, folios);
    kernel.ram.put64(SER + 32, first).put32(SER + 40, totalPages).put16(SER + 44, 1);
    kernel.ram.zeros(CHUNK, 0x1000);
    for (int i = 0; i < totalPages; i++) {
      kernel.ram.zeros(ARRAY + 4096L * i, 4096).put64(CHUNK + 8 + 8L * i, ARRAY + 4096L * i);
    }
  }

  private void folio(int entry, long pfn, int flags, long index) {
    kernel.ram.put64(ARRAY + 16L * entry, pfn | (long) flags << 52);
    kernel.ram.put64(ARRAY + 16L * entry + 8, index);
  }

  private Memfd read() {
    return read(kernel.handover());
  }

  private static Memfd read(Handover handover) {
    List<Memfd> memfds = new ArrayList<>();
    handover
        .client(LiveUpdate.CLIENT)
        .orElseThrow()
        .sessions()
        .forEach(session ->
            session.files().forEach(file -> file.as(Memfd.HANDLER).ifPresent(memfds::add)));
    return memfds.getFirst();
  }

  private static List<String> folios(Memfd memfd) {
    List<String> folios = new ArrayList<>();
    memfd.forEachFolio((address, index, flags) ->
        folios.add("0x%x index %d flags %d".formatted(address, index, flags)));
    return folios;
  }

  @Test
  void readsVersion2() {
    version2(0x9000, 2, CHUNK, 1);
    folio(0, 0x12345, 3, 7);
    folio(1, 0x500, 1, 8);

    Memfd memfd = read();
    assertThat(memfd.size()).isEqualTo(0x9000);
    assertThat(memfd.position()).isEqualTo(5);
    assertThat(memfd.seals()).hasValue(0x2f);
    assertThat(memfd.folioCount()).isEqualTo(2);
    assertThat(memfd.foliosInfo().descriptor().first()).isEqualTo(CHUNK);
    assertThat(folios(memfd))
        .containsExactly("0x12345000 index 7 flags 3", "0x500000 index 8 flags 1");
  }

  /** The contract's own bytes of an entry. */
  @Test
  void readsTheContractsEntry() {
    version2(0x8000, 1, CHUNK, 1);
    kernel.ram.put(ARRAY, new byte[] {0x45, 0x23, 1, 0, 0, 0, 0x30, 0, 7, 0, 0, 0, 0, 0, 0, 0});

    assertThat(folios(read())).containsExactly("0x12345000 index 7 flags 3");
  }

  @Test
  void readsVersion1WhichKeepsNoSeals() {
    file("memfd-v1", SER);
    kernel.ram.zeros(SER, 0x1000).put64(SER, 5).put64(SER + 8, 0x1000).put64(SER + 16, 1);
    kernel.ram.put64(SER + 24, CHUNK).put32(SER + 32, 1).put16(SER + 36, 1);
    kernel.ram.zeros(CHUNK, 0x1000).put64(CHUNK + 8, ARRAY).zeros(ARRAY, 0x1000);
    folio(0, 0x500, 3, 0);

    Memfd memfd = read();
    assertThat(memfd.size()).isEqualTo(0x1000);
    assertThat(memfd.position()).isEqualTo(5);
    assertThat(memfd.seals()).isEmpty();
    assertThat(folios(memfd)).containsExactly("0x500000 index 0 flags 3");
  }

  @Test
  void anEmptyFileHasNoFolios() {
    version2(0, 0, 0, 0);

    assertThat(read().folioCount()).isZero();
    assertThat(folios(read())).isEmpty();
    assertThat(read().orders(kernel.handover().preservedMap()).total()).isZero();
  }

  @Test
  void skipsEntriesWithoutAPage() {
    version2(0x3000, 3, CHUNK, 1);
    folio(0, 0x500, 3, 0);
    folio(1, 0, 3, 1);
    folio(2, 0x700, 3, 2);

    assertThat(folios(read()))
        .containsExactly("0x500000 index 0 flags 3", "0x700000 index 2 flags 3");
  }

  @Test
  void readsNoMoreEntriesThanItCounts() {
    version2(0x1000, 257, CHUNK, 2);
    for (int i = 0; i < 300; i++) {
      folio(i, 0x500 + i, 0, i);
    }

    assertThat(folios(read())).hasSize(257).endsWith("0x600000 index 256 flags 0");
  }

  @Test
  void aDescriptorOfZerosIsNoArrayOfFolios() {
    version2(0x1000, 1, 0, 0);

    assertThat(sentenceOf(this::read))
        .endsWith(
            ": nr_folios is 1, but the descriptor has neither pages nor a first chunk: no area is"
                + " preserved there");
  }

  @Test
  void namesACountThatTheArrayHasNoRoomFor() {
    version2(0x1000, 257, CHUNK, 1);
    assertThat(sentenceOf(this::read))
        .isEqualTo(
            "/LUO/session \"s\"/file 0x3e6 at 0x300000: nr_folios is 257, but the array has room"
                + " for 256");

    kernel.ram.put64(SER + 24, -1);
    assertThat(sentenceOf(this::read)).contains("nr_folios is 18446744073709551615, but");
  }

  @Test
  void namesAFolioBeyondPhysicalMemory() {
    version2(0x2000, 2, CHUNK, 1);
    folio(0, 0x500, 0, 0);
    folio(1, 1L << 40, 0, 1);

    assertThat(sentenceOf(() -> folios(read())))
        .isEqualTo(
            "/LUO/session \"s\"/file 0x3e6/folio 1 at 0x302010: pfn 0x10000000000 is beyond physical"
                + " memory of 2^52");
  }

  @Test
  void namesAStructureThatIsNotPageAligned() {
    file("memfd-v2", SER + 8);

    assertThat(sentenceOf(this::read))
        .isEqualTo(
            "/LUO/session \"s\"/file 0x3e6 at 0x300008: data 0x300008 is not aligned to a page of 4K");
  }

  @Test
  void namesABrokenArrayByItsDescriptor() {
    version2(0x2000, 1, CHUNK, 1);
    kernel.ram.put32(SER + 40, 0);

    assertThat(sentenceOf(this::read))
        .isEqualTo(
            "/LUO/session \"s\"/file 0x3e6/folios at 0x300020: total_pages is 0, but first is"
                + " 0x301000");
  }

  @Test
  void namesAnArrayThatIsAbsent() {
    version2(0x2000, 1, CHUNK, 1);
    kernel.ram.remove(ARRAY, 0x1000);

    assertThat(sentenceOf(() -> folios(read())))
        .isEqualTo("/LUO/session \"s\"/file 0x3e6/folios at 0x302000: 0x302000 is absent");
  }

  @Test
  void countsFoliosByTheOrderThatTheMapHas() {
    version2(0x405000, 4, CHUNK, 1);
    folio(0, 0x400, 3, 0);
    folio(1, 0x600, 3, 512);
    folio(2, 0x801, 3, 1024);
    folio(3, 0x802, 3, 1025);
    kernel.map.preserve(0x400000, 9).preserve(0x600000, 9).preserve(0x801000, 0);
    kernel.map.preserve(0x802000, 1);

    Handover handover = kernel.handover();
    List<String> orders = new ArrayList<>();
    OrderCounts counts = read(handover).orders(handover.preservedMap());
    counts.forEach((order, bytes, folios) -> orders.add(order + ": " + folios));
    assertThat(orders).containsExactly("0: 1", "1: 1", "9: 2");
  }

  @Test
  void namesAFolioThatIsNotPreserved() {
    version2(0x2000, 2, CHUNK, 1);
    folio(0, 0x500, 3, 0);
    folio(1, 0x501, 3, 1);
    kernel.map.preserve(0x500000, 0);

    Handover handover = kernel.handover();
    assertThat(sentenceOf(() -> read(handover).orders(handover.preservedMap())))
        .isEqualTo(
            "/LUO/session \"s\"/file 0x3e6/folio 1 at 0x302010: the folio of index 1 at 0x501000 must"
                + " start a preserved block, but none starts there");
  }

  @Test
  void otherFilesAreNotItsOwn() {
    file("memfd-v3", SER);

    List<Object> read = new ArrayList<>();
    kernel
        .handover()
        .client(LiveUpdate.CLIENT)
        .orElseThrow()
        .sessions()
        .forEach(session -> session.files().forEach(file -> read.add(file.as(Memfd.HANDLER))));
    assertThat(read).hasToString("[Optional.empty]");
  }
}
