package org.kho4j.handover.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kho4j.handover.handmade.KernelMemory.HERE;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.SparseMemory;

class KhoserPointerTest {

  private static final KhoserPointer FLBS = KhoserPointer.declare(LuoSer.FLBS_PA, LuoFlb.HEADER);

  /** A reader that takes the page of FLBs for a list of chunks. */
  private static final class Confused {
    static final KhoserPointer FLBS =
        KhoserPointer.declare(LuoSer.FLBS_PA, KhoVmallocChunk.STRUCTURE);
  }

  private final StructureView ser = StructureView.allocate(LuoSer.STRUCTURE);
  private final HandoverMemory memory =
      new HandoverMemory(new SparseMemory().zeros(0x5000, 4096), PageSize.SIZE_4K);

  @Test
  void storesThePhysicalAddress() {
    FLBS.store(ser, 0x123456000L);

    assertThat(ser.bytes().toArray(ValueLayout.JAVA_BYTE))
        .startsWith(new byte[24])
        .endsWith(0, 0x60, 0x45, 0x23, 1, 0, 0, 0);
  }

  @Test
  void nullIsStoredAsZero() {
    ser.bytes().fill((byte) -1);
    FLBS.store(ser, null);

    assertThat(ser.address(LuoSer.FLBS_PA)).isZero();
    assertThat(ser.address(LuoSer.SESSIONS_PA)).isEqualTo(-1);
  }

  @Test
  void zeroIsLoadedAsNull() {
    assertThat(FLBS.load(memory, HERE, ser)).isNull();
  }

  @Test
  void loadsTheStructureAtTheAddress() {
    FLBS.store(ser, 0x5000);

    StructureView page = FLBS.load(memory, HERE, ser);

    assertThat(page).isNotNull();
    assertThat(page.address()).isEqualTo(0x5000);
    assertThat(page.structure()).isSameAs(LuoFlb.HEADER);
  }

  @Test
  void namesAStructureThatIsAbsent() {
    FLBS.store(ser, 0x6000);

    assertThat(sentenceOf(() -> FLBS.load(memory, HERE, ser)))
        .isEqualTo("/here at 0x6000: 0x6000 is absent");
  }

  @Test
  void namesAPageThatIsNotAligned() {
    FLBS.store(ser, 0x5008);

    assertThat(sentenceOf(() -> FLBS.load(memory, HERE, ser)))
        .isEqualTo("/here at 0x5008: the address 0x5008 is not aligned to a page of 4K");
  }

  @Test
  void aFieldThatIsNoAddressIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KhoserPointer.declare(KhoVmalloc.TOTAL_PAGES, LuoFlb.HEADER))
        .withMessage("total_pages is of type u32, not phys");
  }

  @Test
  void aReaderOfAnotherStructureIsRefusedWhenItsClassIsLoaded() {
    assertThatThrownBy(() -> Confused.FLBS.address(ser))
        .isInstanceOf(ExceptionInInitializerError.class)
        .hasRootCauseMessage("flbs_pa leads to luo_flb_header_ser, not to kho_vmalloc_chunk");
  }

  @Test
  void aStructureWithoutTheFieldIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FLBS.address(StructureView.allocate(LuoFlb.STRUCTURE)))
        .withMessage("luo_flb_ser: flbs_pa is no field of it");
  }
}
