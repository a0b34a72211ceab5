package org.kho4j.handover.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kho4j.handover.handmade.KernelMemory.HERE;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdSer;

class StructureViewTest {

  private final StructureView vmalloc = StructureView.allocate(KhoVmalloc.STRUCTURE);
  private final StructureView flb = StructureView.allocate(LuoFlb.STRUCTURE);

  @Test
  void aNumberIsLittleEndianAndAsWideAsItsField() {
    vmalloc.set(KhoVmalloc.TOTAL_PAGES, 0xfedcba98L);
    vmalloc.set(KhoVmalloc.ORDER, 0xffff);

    assertThat(vmalloc.bytes().toArray(ValueLayout.JAVA_BYTE))
        .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0x98, 0xba, 0xdc, 0xfe, 0, 0, 0xff, 0xff);
    assertThat(vmalloc.get(KhoVmalloc.TOTAL_PAGES)).isEqualTo(0xfedcba98L);
    assertThat(vmalloc.get(KhoVmalloc.ORDER)).isEqualTo(0xffff);
  }

  @Test
  void aNumberThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> vmalloc.set(KhoVmalloc.FLAGS, 0x10000))
        .isInstanceOf(PreservationException.class)
        .hasMessage("kho_vmalloc.flags: 65536 does not fit into the field's 2 bytes");
    assertThatThrownBy(() -> vmalloc.set(KhoVmalloc.TOTAL_PAGES, -1))
        .hasMessage("kho_vmalloc.total_pages: -1 does not fit into the field's 4 bytes");
  }

  @Test
  void aFieldOfAnotherStructureIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> vmalloc.get(LuoFlb.COUNT))
        .withMessage("kho_vmalloc: count is no field of it");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StructureView.allocate(MemfdSer.V1).get(MemfdSer.NR_FOLIOS))
        .withMessage("memfd_luo_ser: nr_folios is no field of it");
  }

  @Test
  void anAddressIsNoNumberAndNoText() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> vmalloc.get(KhoVmalloc.FIRST))
        .withMessage("kho_vmalloc: first is no number");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> vmalloc.text(KhoVmalloc.FIRST, HERE))
        .withMessage("kho_vmalloc: first is of type phys, not char[]");
  }

  @Test
  void aTypedPointerIsNoAddressOfPlainData() {
    StructureView region = StructureView.allocate(KhoScratch.STRUCTURE);
    region.setAddress(KhoScratch.ADDR, 0x5000);

    assertThat(region.address(KhoScratch.ADDR)).isEqualTo(0x5000);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> vmalloc.setAddress(KhoVmalloc.FIRST, 0x5000))
        .withMessage("kho_vmalloc: first is no address of plain data: a KhoserPointer stores it");
  }

  @Test
  void textEndsAtItsNul() {
    flb.bytes().fill((byte) 'x');
    flb.setText(LuoFlb.NAME, "vfio");

    assertThat(flb.text(LuoFlb.NAME, HERE)).isEqualTo("vfio");
    assertThat(flb.bytes().asSlice(4, 44).toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
    assertThat(flb.bytes().get(ValueLayout.JAVA_BYTE, 48)).isEqualTo((byte) 'x');
  }

  @Test
  void textWithoutANulIsBroken() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[64]).fill((byte) 'x');
    StructureView broken = new StructureView(LuoFlb.STRUCTURE, 0x5000, bytes);

    assertThat(sentenceOf(() -> broken.text(LuoFlb.NAME, HERE)))
        .isEqualTo("/here at 0x5000: name has no NUL within its 48 bytes");
  }

  @Test
  void textThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> flb.setText(LuoFlb.NAME, "n".repeat(48)))
        .isInstanceOf(PreservationException.class)
        .hasMessageContaining("at most 47 bytes of UTF-8 without a NUL fit");
    assertThatThrownBy(() -> flb.setText(LuoFlb.NAME, "a\0b"))
        .hasMessageContaining("at most 47 bytes of UTF-8 without a NUL fit");
    assertThatThrownBy(() -> flb.setText(LuoFlb.NAME, "\ud800"))
        .hasMessageContaining("at most 47 bytes of UTF-8 without a NUL fit");
  }

  @Test
  void elementsFollowTheHeader() {
    MemorySegment page = MemorySegment.ofArray(new byte[4096]);
    StructureView header = new StructureView(LuoFlb.HEADER, 0x7000, page);
    header.element(1).set(LuoFlb.DATA, 5);

    assertThat(page.get(StructureView.U64, 16 + 64 + 48)).isEqualTo(5);
    assertThat(header.element(1).address()).isEqualTo(0x7000 + 16 + 64);
  }

  @Test
  void aViewMovesOverAnArray() {
    MemorySegment array = MemorySegment.ofArray(new byte[48]);
    array.set(StructureView.U64, 40, 7);
    StructureView entry = new StructureView(MemfdFolio.STRUCTURE, 0x7000, array);
    entry.next();
    entry.next();

    assertThat(entry.get(MemfdFolio.INDEX)).isEqualTo(7);
    assertThat(entry.address()).isEqualTo(0x7020);
  }

  @Test
  void anEmbeddedStructureHasItsOwnAddress() {
    byte[] bytes = new byte[48];
    StructureView ser = new StructureView(MemfdSer.V2, 0x7000, MemorySegment.ofArray(bytes));
    ser.embedded(MemfdSer.FOLIOS).set(KhoVmalloc.ORDER, 3);

    assertThat(bytes[32 + 14]).isEqualTo((byte) 3);
    assertThat(ser.embedded(MemfdSer.FOLIOS).address()).isEqualTo(0x7020);
  }
}
