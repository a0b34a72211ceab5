package org.kho4j.handover.memfd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.luo.LiveUpdate;

/** The bytes of one memfd: its structure at 0x300000, its folio array at 0x302000. */
class MemfdContentTest {

  private static final long SER = 0x300000;
  private static final long ARRAY = 0x302000;
  private static final String FILE = "/LUO/session \"s\"/file 0x3e6";

  private final KernelMemory kernel = new KernelMemory();
  private int folios;

  private MemfdContentTest size(long size) {
    kernel.ram.zeros(0x200000, 0x1000).put(0x200000, "luo-v5").put64(0x200010, 0x201000);
    kernel.ram.zeros(0x201000, 0x1000).put64(0x201008, 1).put(0x201010, "s");
    kernel.ram.put64(0x201010 + 64, 0x202000).put64(0x201010 + 72, 1);
    kernel.ram.zeros(0x202000, 0x1000).put64(0x202008, 1).put(0x202010, "memfd-v2");
    kernel.ram.put64(0x202010 + 48, SER).put64(0x202010 + 56, 0x3e6);
    kernel.subtree("LUO", 0x200000, 32);
    kernel.ram.zeros(SER, 0x1000).put64(SER + 8, size).put64(SER + 32, 0x301000);
    kernel.ram.put32(SER + 40, 1).put16(SER + 44, 1);
    kernel.ram.zeros(0x301000, 0x1000).put64(0x301008, ARRAY).zeros(ARRAY, 0x1000);
    return this;
  }

  /** A folio whose every page begins with the letter, and is zero otherwise. */
  private MemfdContentTest folio(long address, int order, long index, char letter) {
    kernel.map.preserve(address, order);
    for (long page = address; page < address + (4096L << order); page += 4096) {
      kernel.ram.zeros(page, 4096).put(page, String.valueOf(letter));
    }
    return entry(address, index);
  }

  private MemfdContentTest entry(long address, long index) {
    kernel.ram.put64(ARRAY + 16L * folios, address >>> 12 | 3L << 52);
    kernel.ram.put64(ARRAY + 16L * folios + 8, index);
    kernel.ram.put64(SER + 24, ++folios);
    return this;
  }

  private Memfd memfd() {
    Handover handover = kernel.handover();
    return handover
        .client(LiveUpdate.CLIENT)
        .flatMap(luo -> luo.session("s"))
        .flatMap(session -> session.file(0x3e6))
        .flatMap(file -> file.as(Memfd.HANDLER))
        .orElseThrow();
  }

  private List<String> pieces() {
    List<String> pieces = new ArrayList<>();
    memfd()
        .content()
        .forEachPiece((offset, address, bytes) ->
            pieces.add("0x%x: 0x%x, 0x%x".formatted(offset, address, bytes)));
    return pieces;
  }

  /** The first byte of every page, a dot for 0. */
  private String letters() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Memfd memfd = memfd();
    assertThat(memfd.content().transferTo(Channels.newChannel(out))).isEqualTo(memfd.size());
    byte[] bytes = out.toByteArray();
    assertThat(bytes).hasSize((int) memfd.size());
    StringBuilder letters = new StringBuilder();
    for (int at = 0; at < bytes.length; at += 4096) {
      letters.append(bytes[at] == 0 ? '.' : (char) bytes[at]);
    }
    return letters.toString();
  }

  @Test
  void physicalNeighboursAreOnePiece() throws IOException {
    size(0x4000).folio(0x500000, 0, 0, 'a').folio(0x501000, 0, 1, 'b');
    folio(0x600000, 0, 2, 'c').folio(0x502000, 0, 3, 'd');

    assertThat(pieces())
        .containsExactly(
            "0x0: 0x500000, 0x2000", "0x2000: 0x600000, 0x1000", "0x3000: 0x502000, 0x1000");
    assertThat(letters()).isEqualTo("abcd");
  }

  @Test
  void missingIndicesAreHoles() throws IOException {
    size(0x6000).folio(0x500000, 0, 1, 'a').folio(0x501000, 0, 3, 'b');

    assertThat(pieces()).containsExactly("0x1000: 0x500000, 0x1000", "0x3000: 0x501000, 0x1000");
    assertThat(letters()).isEqualTo(".a.b..");
  }

  @Test
  void foliosHaveTheOrderThatTheMapHas() throws IOException {
    size(0x207000).folio(0x800000, 9, 0, 'h').folio(0x500000, 2, 512, 'f');
    folio(0x504000, 1, 516, 'g').folio(0x600000, 0, 518, 'z');

    assertThat(pieces())
        .containsExactly(
            "0x0: 0x800000, 0x200000", "0x200000: 0x500000, 0x6000", "0x206000: 0x600000, 0x1000");
    assertThat(letters()).isEqualTo("h".repeat(512) + "ffffggz");
  }

  @Test
  void aLargeFolioIsCutWhereTheFileEnds() throws IOException {
    size(0x1801).folio(0x504000, 2, 0, 'a');

    assertThat(pieces()).containsExactly("0x0: 0x504000, 0x1801");
    assertThat(letters()).isEqualTo("aa");
  }

  @Test
  void anySizeCanBe() throws IOException {
    size(1).folio(0x500000, 0, 0, 'a');

    assertThat(letters()).isEqualTo("a");
  }

  @Test
  void anEmptyFileHasNoBytes() throws IOException {
    size(0);
    kernel.ram.put64(SER + 32, 0).put32(SER + 40, 0);

    assertThat(pieces()).isEmpty();
    assertThat(letters()).isEmpty();
  }

  @Test
  void entriesMayStandInAnyOrder() throws IOException {
    size(0x5000).folio(0x503000, 0, 4, 'e').folio(0x500000, 0, 0, 'a');
    folio(0x602000, 1, 2, 'c').folio(0x501000, 0, 1, 'b');

    assertThat(pieces())
        .containsExactly(
            "0x0: 0x500000, 0x2000", "0x2000: 0x602000, 0x2000", "0x4000: 0x503000, 0x1000");
    assertThat(letters()).isEqualTo("abcce");
  }

  @Test
  void sortsManyEntries() throws IOException {
    size(200 * 4096L);
    for (int i = 0; i < 200; i++) {
      int index = (i * 77) % 200;
      folio(0x500000 + 0x2000L * i, 0, index, (char) ('0' + index % 10));
    }

    assertThat(letters()).isEqualTo("0123456789".repeat(20));
  }

  @Test
  void aFileMayBeLargerThanAllMemory() {
    size(1L << 40).folio(0x500000, 0, 0, 'a').folio(0x501000, 0, (1L << 28) - 1, 'z');

    assertThat(pieces()).containsExactly("0x0: 0x500000, 0x1000", "0xfffffff000: 0x501000, 0x1000");
  }

  @Test
  void foliosThatOverlapAreRefused() {
    size(0x8000).folio(0x504000, 2, 0, 'a').folio(0x600000, 0, 3, 'b');

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(
            FILE + "/folio 1 at 0x302010: index is 3, but the previous folio reaches from 0 to 3");
  }

  @Test
  void anIndexTwiceIsRefused() {
    size(0x2000).folio(0x500000, 0, 1, 'a').folio(0x600000, 0, 1, 'b');

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(
            FILE + "/folio 1 at 0x302010: index is 1, but the previous folio reaches from 1 to 1");
  }

  @Test
  void foliosThatOverlapAreRefusedInAnyOrder() {
    size(0x8000).folio(0x504000, 2, 4, 'a').folio(0x600000, 0, 0, 'b').folio(0x601000, 0, 5, 'c');

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(FILE + "/folio 2 at 0x302020: index is 5, but folio 0 reaches from 4 to 7");
  }

  @Test
  void theContentOfABrokenListIsRefusedAtOnce() {
    size(0x1001).folio(0x500000, 0, 1, 'a').folio(0x600000, 0, 2, 'b');

    assertThat(sentenceOf(() -> memfd().content())).contains("folio 1 at 0x302010");
  }

  @Test
  void aFolioBeyondTheSizeIsRefused() {
    size(0x1001).folio(0x500000, 0, 1, 'a').folio(0x600000, 0, 2, 'b');

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(
            FILE + "/folio 1 at 0x302010: index is 2, but the number of the file's pages is 2");
  }

  @Test
  void anAbsurdIndexIsRefused() {
    size(0x1000).folio(0x500000, 0, -1, 'a');

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(
            FILE
                + "/folio 0 at 0x302000: index is 18446744073709551615, but the number of the file's"
                + " pages is 1");
  }

  @Test
  void anAbsurdSizeIsRefused() {
    size(-1).folio(0x500000, 0, 0, 'a');

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(FILE + " at 0x300000: size is 18446744073709551615, larger than any file");
  }

  @Test
  void aFolioThatIsNotPreservedIsRefused() {
    size(0x1000).entry(0x500000, 0);

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(
            FILE
                + "/folio 0 at 0x302000: the folio of index 0 at 0x500000 must start a preserved block,"
                + " but none starts there");
  }

  @Test
  void aPageThatIsAbsentIsNamed() {
    size(0x4000).folio(0x504000, 2, 0, 'a');
    kernel.ram.remove(0x506000, 0x1000);

    assertThat(sentenceOf(this::letters))
        .isEqualTo(FILE + " at 0x506000: offset 0x2000 cannot be read: 0x506000 is absent");
  }

  @Test
  void whoMayMissPagesIsToldOfEach() throws IOException {
    size(0x3800).folio(0x504000, 2, 0, 'a');
    kernel.ram.remove(0x505000, 0x1000).remove(0x507000, 0x1000);
    List<String> seen = new ArrayList<>();

    memfd()
        .content()
        .read(
            new Content.Visitor() {
              @Override
              public void bytes(java.lang.foreign.MemorySegment bytes, long offset) {
                seen.add("0x%x: 0x%x bytes".formatted(offset, bytes.byteSize()));
              }

              @Override
              public void hole(long offset, long length) {
                seen.add("hole");
              }

              @Override
              public void absent(
                  long offset,
                  long address,
                  long length,
                  org.kho4j.handover.wire.HandoverException reason) {
                seen.add("0x%x: 0x%x at 0x%x absent".formatted(offset, length, address));
              }
            });

    assertThat(seen)
        .containsExactly(
            "0x0: 0x1000 bytes",
            "0x1000: 0x1000 at 0x505000 absent",
            "0x2000: 0x1000 bytes",
            "0x3000: 0x800 at 0x507000 absent");
  }

  @Test
  void memoryThatIsGivenAgainAndAgainIsRefused() {
    kernel.ram.zeros(0x800000, 0x100000);
    kernel.map.preserve(0x800000, 8);
    size(200L << 20);
    for (int i = 0; i < 200; i++) {
      entry(0x800000, 256L * i);
    }

    assertThat(sentenceOf(this::letters))
        .contains("the content is larger than all of the memory in the source");
  }

  @Test
  void withoutTheMapNothingIsGuessed() {
    size(0x1000).folio(0x500000, 0, 0, 'a');
    kernel.ram.put64(KernelMemory.MAP, 0);
    for (int slot = 0; slot < 512; slot++) {
      kernel.ram.put64(KernelMemory.MAP + 8L * slot, 0);
    }

    assertThat(sentenceOf(this::pieces))
        .isEqualTo(
            FILE
                + " at 0x300000: only the preserved map has the size of its folios, and the map"
                + " is unreadable");
  }
}
